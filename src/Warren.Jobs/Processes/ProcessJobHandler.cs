using System.Text.Json;

namespace Warren.Jobs.Processes;

/// <summary>Handles the jobs of a kind that is run by a program.</summary>
internal sealed class ProcessJobHandler(ProcessEngine engine) : IJobHandler<JsonElement, JsonElement>
{
    /// <inheritdoc/>
    public Task<JsonElement> HandleAsync(JsonElement args, JobContext job, CancellationToken cancellationToken) =>
        engine.RunAsync(args, job, cancellationToken);
}
