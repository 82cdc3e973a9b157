using System.Text.Json;
using Warren.Interop.Tests.Peers;

namespace Warren.Interop.Tests.Clients;

/// <summary>What scenarios tell, as the tests compare it.</summary>
internal static class Scenario
{
    /// <summary>The next event must be <paramref name="name"/>; returned without its name, as compact JSON.</summary>
    public static async Task<string> TellsAsync(this PeerProcess scenario, string name, CancellationToken cancellationToken) =>
        Json.Compact(JsonSerializer.SerializeToElement(
            (await scenario.NextAsync(name, cancellationToken)).EnumerateObject()
                .Where(property => property.Name != "event").ToDictionary(property => property.Name, property => property.Value)));

    /// <summary>The next events must have these names and fields, each given as an anonymous object, and then the scenario must end well.</summary>
    public static async Task TellsAllAsync(this PeerProcess scenario, CancellationToken cancellationToken, params (string Name, object Fields)[] events)
    {
        foreach (var (name, fields) in events)
            Assert.Equal(Json.Compact(JsonSerializer.SerializeToElement(fields)), await scenario.TellsAsync(name, cancellationToken));
        await scenario.StopAsync(cancellationToken);
    }
}
