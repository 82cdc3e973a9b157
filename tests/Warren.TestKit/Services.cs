using System.Diagnostics.CodeAnalysis;
using Xunit;

namespace Warren.TestKit;

/// <summary>The programs a test may need on the machine: missing on a laptop skips the test, missing on CI fails it.</summary>
public static class Services
{
    /// <summary>Whether this run is on CI, where nothing may be missing: the environment variable <c>CI</c> is <c>true</c> or <c>1</c>.</summary>
    public static bool OnCi => Environment.GetEnvironmentVariable("CI") is "1" or "true" or "True";

    /// <summary>Ends the test as skipped, or failed on CI, unless <paramref name="program"/> is installed.</summary>
    public static void Require(string program)
    {
        if (!IsInstalled(program))
            Missing($"{program} is not installed; ./test installs it.");
    }

    /// <summary>Whether <paramref name="program"/> is on the <c>PATH</c>, or for <c>rabbitmq-server</c> where the packages put it.</summary>
    public static bool IsInstalled(string program) =>
        program == "rabbitmq-server" ? RabbitMqNode.IsInstalled : FindOnPath(program) is not null;

    /// <summary>Ends the test as skipped, or failed on CI, for <paramref name="reason"/>.</summary>
    [DoesNotReturn]
    public static void Missing(string reason)
    {
        if (OnCi)
            Assert.Fail(reason);
        Assert.Skip(reason);
    }

    internal static string? FindOnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Append("/usr/sbin")
            .Select(directory => Path.Combine(directory, program))
            .FirstOrDefault(File.Exists);
}
