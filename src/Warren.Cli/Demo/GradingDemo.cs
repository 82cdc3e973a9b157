using System.Text;
using System.Text.Json.Nodes;
using RabbitMQ.Client;

namespace Warren.Cli.Demo;

/// <summary>
/// A backend that knows nothing of Warren: it publishes jobs to the exchange <c>ai_grading</c> and reads results from its queue, as a NestJS or
/// Python program does (docs/start/nestjs.md).
/// </summary>
internal static class GradingDemo
{
    private const string Exchange = "ai_grading";

    /// <summary>Publishes jobs and waits for their results.</summary>
    /// <param name="url">The broker.</param>
    /// <param name="board">Where it tells what happens.</param>
    /// <param name="jobs">The jobs by name: routing key and fields besides <c>job_id</c>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Each job, and what graded it; null if nothing did.</returns>
    public static async Task<IReadOnlyList<(string Name, string? Engine)>> RunAsync(
        string url, DemoBoard board, IReadOnlyList<(string Name, string RoutingKey, JsonObject Fields)> jobs, CancellationToken cancellationToken)
    {
        var factory = new ConnectionFactory { Uri = new Uri(url), ClientProvidedName = "backend of the demo" };
        await using var connection = await factory.CreateConnectionAsync(cancellationToken);
        var confirmed = new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true);
        await using var channel = await connection.CreateChannelAsync(confirmed, cancellationToken);
        await channel.ExchangeDeclareAsync(Exchange, ExchangeType.Direct, durable: true, cancellationToken: cancellationToken);
        foreach (var key in (string[])["writing", "speaking", "result"])
        {
            await channel.QueueDeclareAsync($"{key}_queue", durable: true, exclusive: false, autoDelete: false, cancellationToken: cancellationToken);
            await channel.QueueBindAsync($"{key}_queue", Exchange, key, cancellationToken: cancellationToken);
        }
        var results = await AmqpDemo.ConsumeAsync(channel, "result_queue", cancellationToken);

        foreach (var (name, routingKey, fields) in jobs)
        {
            var body = new JsonObject { ["job_id"] = name };
            foreach (var (field, value) in fields)
                body[field] = value?.DeepClone();
            var properties = new BasicProperties { Persistent = true, ContentType = "application/json" };
            await channel.BasicPublishAsync(Exchange, routingKey, mandatory: true, properties, Encoding.UTF8.GetBytes(body.ToJsonString()), cancellationToken);
            board.Say(name, $"published to {Exchange}/{routingKey}");
        }

        var graded = new Dictionary<string, string?>(StringComparer.Ordinal);
        while (graded.Count < jobs.Count)
        {
            var result = JsonNode.Parse(await results.ReadAsync(cancellationToken))!;
            var name = (string)result["job_id"]!;
            graded[name] = (string?)result["status"] == "completed" ? (string)result["result"]!["engine"]! : null;
            board.Graded(name, result);
        }
        return [.. jobs.Select(job => (job.Name, graded.GetValueOrDefault(job.Name)))];
    }
}
