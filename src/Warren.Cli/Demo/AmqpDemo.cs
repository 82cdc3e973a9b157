using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;
using Warren.Jobs;

namespace Warren.Cli.Demo;

/// <summary>A job as any AMQP client submits and watches one: with nothing but a connection and JSON (docs/reference/wire.md).</summary>
internal static class AmqpDemo
{
    /// <summary>Submits a job and watches it.</summary>
    /// <returns>Whether it succeeded.</returns>
    public static async Task<bool> RunAsync(string url, DemoBoard board, string name, string kind, JsonNode args, CancellationToken cancellationToken)
    {
        var factory = new ConnectionFactory { Uri = new Uri(url), ClientProvidedName = "warren demo" };
        await using var connection = await factory.CreateConnectionAsync(cancellationToken);
        var confirmed = new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true);
        await using var channel = await connection.CreateChannelAsync(confirmed, cancellationToken);
        var id = JobId.New();

        // Watch first: an exclusive queue bound to the job's events.
        var events = (await channel.QueueDeclareAsync(cancellationToken: cancellationToken)).QueueName;
        await channel.QueueBindAsync(events, "warren.events", $"{id}.#", cancellationToken: cancellationToken);
        var happened = await ConsumeAsync(channel, events, cancellationToken);
        var replies = await ConsumeAsync(channel, "amq.rabbitmq.reply-to", cancellationToken);

        while (true)
        {
            var properties = new BasicProperties { ReplyTo = "amq.rabbitmq.reply-to", CorrelationId = "1", ContentType = "application/json", Persistent = true };
            var body = new JsonObject { ["id"] = id.ToString(), ["kind"] = kind, ["args"] = args.DeepClone() }.ToJsonString();
            try
            {
                await channel.BasicPublishAsync("", "warren.submit", mandatory: true, properties, Encoding.UTF8.GetBytes(body), cancellationToken);
            }
            catch (PublishException returned) when (returned.IsReturn)
            {
                // That a kind is offered may be known before the coordinator has declared the queue of submits; nobody would ever reply.
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancellationToken);
                continue;
            }
            var reply = JsonNode.Parse(await replies.ReadAsync(cancellationToken))!;
            if (reply["error"] is not { } error)
                break;
            // The worker of the demo may not have said yet what it does.
            if ((string?)error["code"] != "unknown_kind")
                throw new JobRefusedException((string)error["code"]!, (string)error["message"]!);
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancellationToken);
        }
        board.Submitted(name, kind, "plain AMQP", id);

        while (true)
        {
            var next = JsonSerializer.Deserialize<JobEvent>(await happened.ReadAsync(cancellationToken), JobJson.Options)!;
            board.Happened(name, next, (next as JobSucceeded)?.Result);
            if (next.IsEnd)
                return next is JobSucceeded;
        }
    }

    /// <summary>The bodies that come by a queue.</summary>
    public static async Task<ChannelReader<byte[]>> ConsumeAsync(IChannel channel, string queue, CancellationToken cancellationToken)
    {
        var bodies = Channel.CreateUnbounded<byte[]>();
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            bodies.Writer.TryWrite(delivery.Body.ToArray());
            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync(queue, autoAck: true, consumer, cancellationToken);
        return bodies.Reader;
    }
}
