using System.CommandLine;
using Warren.Cli.Server;
using Warren.Jobs;

namespace Warren.Cli.Commands;

/// <summary><c>warren watch ID</c>: follows a job to its end.</summary>
internal static class WatchCommand
{
    private static readonly Argument<string> Id = new("ID") { Description = "The job's id." };
    private static readonly Option<bool> Json = new("--json") { Description = "Print the events as JSON lines." };
    private static readonly Option<bool> Quiet = new("--quiet") { Description = "Say nothing on standard error but errors." };

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var (server, key) = ServerConnection.Options();
        var command = new Command("watch", "Follow a job to its end and print its result. Exit code 1 if it failed or was canceled.") { Id, Json, Quiet, server, key };
        command.SetAction(async (parsed, token) =>
        {
            var id = JobIds.Parse(parsed.GetRequiredValue(Id));
            using var connection = ServerConnection.Open(parsed.GetValue(server), parsed.GetValue(key));
            using var output = new Output();
            return await JobWatch.FollowAsync(connection, id, parsed.GetValue(Json), parsed.GetValue(Quiet), output, token);
        });
        return command;
    }
}

/// <summary>Job ids as arguments.</summary>
internal static class JobIds
{
    /// <summary>Reads an id.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    public static JobId Parse(string text) =>
        JobId.TryParse(text, null, out var id) ? id : throw new UsageException($"ID is '{text}'; a job's id was expected, as `warren submit` prints it.");
}
