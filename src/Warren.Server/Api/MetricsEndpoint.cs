using System.Text;
using Warren.Coordinator;
using Warren.Jobs;
using Warren.Messaging;
using Warren.Server.Metrics;
using Warren.Server.Security;

namespace Warren.Server.Api;

/// <summary>Metrics for Prometheus: what the meters of this process measure, and what the store holds.</summary>
internal static class MetricsEndpoint
{
    /// <summary>The routes.</summary>
    public static IReadOnlyList<ApiRoute> Routes { get; } =
    [
        new("GET", "/metrics", "Metrics in Prometheus' text format.", Role.Viewer, WriteAsync) { MediaType = "text/plain" },
    ];

    private static async Task WriteAsync(ApiCall call)
    {
        var text = new PrometheusText();
        var services = call.Services;
        Gauge(text, "warren_up", "1, labelled with the version of this server.", [($"version=\"{ServerSetup.Version}\"", 1)]);
        Gauge(text, "warren_coordinator_leader", "1 if this coordinator leads.", [("", services.Coordinator.IsLeader ? 1 : 0)]);
        Gauge(text, "warren_coordinator_consuming", "1 if this coordinator consumes what workers send.", [("", services.Coordinator.IsConsuming ? 1 : 0)]);
        Gauge(text, "warren_broker_connected", "1 if the bus is connected.", [("", services.Bus.Health.Status is BusStatus.Healthy or BusStatus.Degraded ? 1 : 0)]);
        Gauge(text, "warren_event_streams", "Open event streams.", [("", services.Door.OpenStreams)]);
        await WriteStoreAsync(call, text);
        services.Meters.Write(text);
        call.Http.Response.ContentType = PrometheusText.MediaType;
        await call.Http.Response.BodyWriter.WriteAsync(Encoding.UTF8.GetBytes(text.ToString()), call.Aborted);
    }

    private static async Task WriteStoreAsync(ApiCall call, PrometheusText text)
    {
        var services = call.Services;
        var now = services.Time.GetUtcNow();
        try
        {
            var jobs = await services.Coordinator.Store.CountAsync(call.Aborted);
            var outbox = await services.Coordinator.Store.CountMessagesAsync(call.Aborted);
            var sessions = await services.Coordinator.Store.ListSessionsAsync(call.Aborted);
            Gauge(text, "warren_store_up", "1 if the store answers.", [("", 1)]);
            Gauge(text, "warren_jobs", "Jobs in the store.", jobs.Select(count => (Labels(("kind", count.Kind), ("state", Lower(count.State))), (double)count.Count)));
            Gauge(
                text, "warren_jobs_oldest_age_seconds", "Age of the oldest job that waits.",
                jobs.Where(count => count is { Oldest: not null, State: JobState.Queued or JobState.Retrying or JobState.Scheduled })
                    .Select(count => (Labels(("kind", count.Kind), ("state", Lower(count.State))), Math.Max(0, (now - count.Oldest!.Value).TotalSeconds))));
            Gauge(text, "warren_outbox_messages", "Messages that wait for the broker.", [("", outbox.Count)]);
            Gauge(text, "warren_outbox_oldest_age_seconds", "Age of the oldest message that waits for the broker.", [("", outbox.Oldest is { } oldest ? Math.Max(0, (now - oldest).TotalSeconds) : 0)]);
            Gauge(
                text, "warren_workers", "Workers, by how they are.",
                Enum.GetValues<WorkerStatus>().Select(status => (Labels(("status", Lower(status))), (double)sessions.Count(session => WorkerEndpoints.StatusOf(session, services) == status))));
        }
        catch (StoreUnavailableException)
        {
            // What this process measures is told all the same.
            Gauge(text, "warren_store_up", "1 if the store answers.", [("", 0)]);
        }
    }

    private static void Gauge(PrometheusText text, string name, string description, IEnumerable<(string, double)> samples) => text.Metric(name, description, "gauge", samples);

    private static string Lower<T>(T value)
        where T : struct, Enum => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    private static string Labels(params ReadOnlySpan<(string Name, string Value)> labels)
    {
        var tags = new KeyValuePair<string, object?>[labels.Length];
        for (var i = 0; i < tags.Length; i++)
            tags[i] = new(labels[i].Name, labels[i].Value);
        return PrometheusText.Labels(tags);
    }
}
