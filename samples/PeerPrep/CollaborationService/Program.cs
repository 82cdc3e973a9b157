// Carries the changes of a shared editor: one browser sends them, every browser of the session sees them as Server-Sent Events.
using System.Text.RegularExpressions;
using Warren.Messaging;

var builder = WebApplication.CreateSlimBuilder(args);
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddHealthChecks().AddWarrenMessaging();
builder.Services.AddWarrenMessaging();

var app = builder.Build();
app.MapHealthChecks("/health");

// The id becomes a word of a routing key. A dot, star or hash in it would make another key, or a pattern that reads other sessions.
app.MapGet("/sessions/{id}/updates", (string id, IMessageBus bus, CancellationToken cancellationToken) => SessionId.IsValid(id)
    ? Results.ServerSentEvents(bus.ReadAsync<CodeUpdated>("collaboration.events", $"session.{id}.*", cancellationToken))
    : Results.BadRequest("A session id has letters, digits, '-' and '_' only."));

app.MapPost("/sessions/{id}/code", async (string id, CodeChange change, IMessageBus bus, TimeProvider time, CancellationToken cancellationToken) =>
{
    if (!SessionId.IsValid(id))
        return Results.BadRequest("A session id has letters, digits, '-' and '_' only.");
    // An update lives as long as its readers watch, so the broker need not keep it over a restart.
    await bus.PublishAsync(
        "collaboration.events", $"session.{id}.code_updated", new CodeUpdated(id, change.UserId, change.CodeDelta, time.GetUtcNow()),
        new PublishOptions { Persistent = false }, cancellationToken);
    return Results.Accepted();
});

app.Run();

internal sealed record CodeChange(int UserId, string CodeDelta);

internal sealed record CodeUpdated(string SessionId, int UserId, string CodeDelta, DateTimeOffset Timestamp);

/// <summary>What may stand between the dots of a routing key.</summary>
internal static partial class SessionId
{
    public static bool IsValid(string id) => Allowed().IsMatch(id);

    [GeneratedRegex(@"\A[A-Za-z0-9_-]{1,64}\z")]
    private static partial Regex Allowed();
}
