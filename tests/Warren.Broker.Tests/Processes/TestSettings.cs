using System.Globalization;

namespace Warren.Broker.Tests.Processes;

/// <summary>How long and how hard a run tests, from the environment.</summary>
internal static class TestSettings
{
    /// <summary>A number from the environment.</summary>
    public static int Number(string variable, int otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    /// <summary>What this run's chances follow from: <c>WARREN_TEST_SEED</c>, or another one in each run. It is told in the test's output.</summary>
    public static int Seed()
    {
        var seed = Number("WARREN_TEST_SEED", Random.Shared.Next());
        TestContext.Current.TestOutputHelper?.WriteLine($"WARREN_TEST_SEED={seed}");
        return seed;
    }
}
