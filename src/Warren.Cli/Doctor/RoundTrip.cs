using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;
using Warren.Messaging.Connections;

namespace Warren.Cli.Doctor;

/// <summary>Does in a queue of its own what a bus does all day: declare, bind, consume, publish with confirms, ask and reply.</summary>
internal sealed class RoundTrip(IConnection connection, BrokerAddress address)
{
    private const string Exchange = "amq.topic";
    private const string DirectReplyTo = "amq.rabbitmq.reply-to";
    private const int Rounds = 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly TaskCompletionSource<string> _blocked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Channel<IReadOnlyBasicProperties> _deliveries = Channel.CreateBounded<IReadOnlyBasicProperties>(64);

    /// <summary>Takes the steps in order, and ends with the first that fails.</summary>
    public async IAsyncEnumerable<Check> RunAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        connection.ConnectionBlockedAsync += (_, blocked) =>
        {
            _blocked.TrySetResult(blocked.Reason);
            return Task.CompletedTask;
        };
        await using var channel = await connection.CreateChannelAsync(
            new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), cancellationToken);
        var queue = "";
        var steps = new (string Name, Func<Task<string>> Step)[]
        {
            ("declare", async () =>
            {
                // Named by the server, as the queues of live readers are.
                queue = (await channel.QueueDeclareAsync("", durable: false, exclusive: true, autoDelete: false, cancellationToken: cancellationToken)).QueueName;
                return "an exclusive queue";
            }),
            ("bind", async () =>
            {
                await channel.QueueBindAsync(queue, Exchange, queue, cancellationToken: cancellationToken);
                return $"to {Exchange}";
            }),
            ("consume", async () =>
            {
                await channel.BasicConsumeAsync(queue, autoAck: true, Consumer(channel, _deliveries.Writer), cancellationToken);
                return "from it";
            }),
            ("publish", async () =>
            {
                await PublishAsync(channel, Exchange, queue, new BasicProperties(), cancellationToken);
                await NextAsync(_deliveries.Reader, cancellationToken);
                return $"to {Exchange}, confirmed and delivered";
            }),
            ("round trip", () => MeasureAsync(channel, queue, cancellationToken)),
            ("direct reply-to", () => AskAsync(channel, queue, cancellationToken)),
        };
        foreach (var (name, step) in steps)
        {
            var check = await TakeAsync(name, step);
            yield return check;
            if (check.Status == CheckStatus.Fail)
                yield break;
        }

        yield return new Check("alarms", CheckStatus.Ok, "publishers are not blocked");
    }

    private async Task<Check> TakeAsync(string name, Func<Task<string>> step)
    {
        try
        {
            return new Check(name, CheckStatus.Ok, await step());
        }
        catch (BlockedException error)
        {
            return new Check(
                "alarms", CheckStatus.Fail, $"the broker blocks publishers: {error.Message}",
                "Free memory or disk there; until then publishes wait for Warren:Messaging:PublishTimeout and fail.");
        }
        catch (OperationInterruptedException error) when (IsRefusal(error))
        {
            return new Check(
                name, CheckStatus.Fail, $"{error.ShutdownReason!.ReplyCode} {error.ShutdownReason.ReplyText}",
                name == "direct reply-to" ? "Set Warren:Messaging:ReplyQueue to Exclusive."
                : $"The user {address.User} needs permission (rabbitmqctl set_permissions -p \"{address.VirtualHost}\" {address.User} CONFIGURE WRITE READ).");
        }
        catch (PublishException error)
        {
            return new Check(name, CheckStatus.Fail, error.IsReturn ? "the message came back: no queue took it" : "the broker did not take the message", "Look at the broker's log.");
        }
        catch (TimeoutException)
        {
            return new Check(
                name, CheckStatus.Fail, FormattableString.Invariant($"no answer within {Patience.TotalSeconds:0} s"),
                name == "direct reply-to" ? "Set Warren:Messaging:ReplyQueue to Exclusive." : "Look at the broker's log and load.");
        }
    }

    private async Task<string> MeasureAsync(IChannel channel, string queue, CancellationToken cancellationToken)
    {
        var confirmed = new double[Rounds];
        var delivered = new double[Rounds];
        for (var i = 0; i < Rounds; i++)
        {
            var start = Stopwatch.GetTimestamp();
            await PublishAsync(channel, "", queue, new BasicProperties(), cancellationToken);
            confirmed[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            await NextAsync(_deliveries.Reader, cancellationToken);
            delivered[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        Array.Sort(confirmed);
        Array.Sort(delivered);
        return FormattableString.Invariant($"confirmed in {confirmed[Rounds / 2]:0.00} ms, delivered in {delivered[Rounds / 2]:0.00} ms (median of {Rounds}, not stored on disk)");
    }

    private async Task<string> AskAsync(IChannel channel, string queue, CancellationToken cancellationToken)
    {
        var replies = Channel.CreateBounded<IReadOnlyBasicProperties>(1);
        await channel.BasicConsumeAsync(DirectReplyTo, autoAck: true, Consumer(channel, replies.Writer), cancellationToken);
        await PublishAsync(channel, "", queue, new BasicProperties { ReplyTo = DirectReplyTo, CorrelationId = "doctor" }, cancellationToken);
        var request = await NextAsync(_deliveries.Reader, cancellationToken);
        // Not mandatory: RabbitMQ returns replies to this address although it delivers them.
        await channel.BasicPublishAsync("", request.ReplyTo!, mandatory: false, new BasicProperties { CorrelationId = request.CorrelationId }, default, cancellationToken);
        var reply = await NextAsync(replies.Reader, cancellationToken);
        return reply.CorrelationId == "doctor" ? "works" : throw new TimeoutException();
    }

    private Task PublishAsync(IChannel channel, string exchange, string routingKey, BasicProperties properties, CancellationToken cancellationToken) =>
        UnlessBlockedAsync(channel.BasicPublishAsync(exchange, routingKey, mandatory: true, properties, "warren doctor"u8.ToArray(), cancellationToken).AsTask(), cancellationToken);

    private Task<IReadOnlyBasicProperties> NextAsync(ChannelReader<IReadOnlyBasicProperties> deliveries, CancellationToken cancellationToken) =>
        UnlessBlockedAsync(deliveries.ReadAsync(cancellationToken).AsTask(), cancellationToken);

    private async Task<T> UnlessBlockedAsync<T>(Task<T> step, CancellationToken cancellationToken)
    {
        await UnlessBlockedAsync((Task)step, cancellationToken);
        return await step;
    }

    private async Task UnlessBlockedAsync(Task step, CancellationToken cancellationToken)
    {
        if (await Task.WhenAny(step, _blocked.Task).WaitAsync(Patience, TimeProvider.System, cancellationToken) == step)
            await step;
        else
            throw new BlockedException(await _blocked.Task);
    }

    // A publish over which the channel is closed ends as one on a closed channel. Here nothing else could have closed it.
    private static bool IsRefusal(OperationInterruptedException error) =>
        error.ShutdownReason is { Initiator: ShutdownInitiator.Peer, ReplyCode: >= 402 and <= 406 or 530 or 540 };

    private static AsyncEventingBasicConsumer Consumer(IChannel channel, ChannelWriter<IReadOnlyBasicProperties> deliveries)
    {
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            deliveries.TryWrite(new BasicProperties(delivery.BasicProperties));
            return Task.CompletedTask;
        };
        return consumer;
    }

    /// <summary>The broker has an alarm and no longer reads what is published here.</summary>
    private sealed class BlockedException(string reason) : Exception(reason);
}
