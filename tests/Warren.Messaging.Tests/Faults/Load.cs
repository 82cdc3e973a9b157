using System.Collections.Concurrent;
using System.Globalization;
using Warren.TestKit;

namespace Warren.Messaging.Tests.Faults;

/// <summary>Numbered messages from some callers to one queue, what became of each, and what the consumers saw of them.</summary>
internal sealed class Load(string queue)
{
    private readonly ConcurrentQueue<Sighting> _seen = new();
    private readonly ConcurrentDictionary<string, byte> _arrived = new();
    private readonly ConcurrentDictionary<string, Numbered> _confirmed = new();
    private readonly ConcurrentQueue<Exception> _failures = new();

    /// <summary>The message a caller sent as its n-th.</summary>
    public sealed record Numbered(int Caller, int Number);

    /// <summary>One delivery to one consumer.</summary>
    public sealed record Sighting(string Consumer, string MessageId, Numbered Message);

    /// <summary>Counts the messages the broker confirmed.</summary>
    public AsyncCounter Confirms { get; } = new();

    /// <summary>Counts the messages, not the deliveries, that reached a consumer.</summary>
    public AsyncCounter Arrived { get; } = new();

    /// <summary>The publishes that did not end with a confirm.</summary>
    public IReadOnlyCollection<Exception> Failures => _failures;

    /// <summary>All deliveries, in the order they came.</summary>
    public IReadOnlyCollection<Sighting> Seen => _seen;

    /// <summary>Sends from several callers at once, each with several messages in flight, in its own order.</summary>
    /// <param name="last">Each caller holds its last message back until this is set, so that the load is not over before.</param>
    /// <returns>When each publish has ended, in whatever way.</returns>
    public Task PublishAsync(IMessageBus bus, int callers, int each, int inFlight = 256, int padding = 0, Signal? last = null) =>
        Task.WhenAll(Enumerable.Range(1, callers).Select(caller => Task.Run(() => CallAsync(bus, caller, each, inFlight, padding, last))));

    /// <summary>Consumes the queue and notes each delivery under the name of the consumer.</summary>
    public Task<Subscription> ReceiveAsync(IMessageBus bus, string consumer, ReceiveOptions? options = null)
    {
        return bus.ReceiveAsync<Numbered>(queue, HandleAsync, options);

        Task HandleAsync(Numbered message, MessageContext context, CancellationToken cancellationToken)
        {
            _seen.Enqueue(new(consumer, context.MessageId!, message));
            if (_arrived.TryAdd(context.MessageId!, 0))
                Arrived.Increment();
            return Task.CompletedTask;
        }
    }

    /// <summary>How many deliveries each consumer had so far.</summary>
    public IReadOnlyDictionary<string, int> SeenByConsumer() => _seen.CountBy(seen => seen.Consumer).ToDictionary();

    /// <summary>
    /// Every publish ended with success, each message reached a consumer under the id its publish returned and under no other, and the
    /// consumers saw nothing that was not sent.
    /// </summary>
    /// <returns>How many deliveries were doubles.</returns>
    public int AssertNothingLost(int callers, int each)
    {
        Assert.Empty(_failures);
        var sent = Enumerable.Range(1, callers).SelectMany(caller => Enumerable.Range(1, each).Select(number => new Numbered(caller, number))).ToHashSet();
        Assert.Equal(sent.Count, _confirmed.Count);
        Assert.True(sent.SetEquals(_confirmed.Values), "The confirmed messages are not those that were sent.");

        var seen = _seen.ToArray();
        var ids = seen.Select(sighting => sighting.MessageId).ToHashSet();
        var lost = _confirmed.Where(pair => !ids.Contains(pair.Key)).Select(pair => pair.Value).ToList();
        Assert.True(lost.Count == 0, $"{lost.Count} of {_confirmed.Count} confirmed messages were lost: {string.Join(", ", lost.Take(20))}");
        Assert.Equal(_confirmed.Count, ids.Count);
        Assert.All(seen, sighting => Assert.Equal(_confirmed[sighting.MessageId], sighting.Message));
        return seen.Length - ids.Count;
    }

    /// <summary>Of what one consumer saw, the first sight of each message is in the order its caller sent them.</summary>
    public void AssertInOrder(string consumer)
    {
        foreach (var caller in _seen.Where(seen => seen.Consumer == consumer).GroupBy(seen => seen.Message.Caller))
        {
            var numbers = caller.Select(seen => seen.Message.Number).Distinct().ToList();
            Assert.Equal(numbers.Order(), numbers);
        }
    }

    private async Task CallAsync(IMessageBus bus, int caller, int each, int inFlight, int padding, Signal? last)
    {
        var text = new string('x', padding);
        var outstanding = new Queue<Task>();
        for (var number = 1; number <= each; number++)
        {
            // Once the oldest has ended most others have, or soon will.
            if (outstanding.Count == inFlight)
                await outstanding.Dequeue();
            if (number == each && last is not null)
                await last.WaitAsync(TimeSpan.FromMinutes(5));
            var message = new Numbered(caller, number);
            var options = padding == 0 ? null : new PublishOptions { Headers = new Dictionary<string, object?> { ["padding"] = text } };
            outstanding.Enqueue(WatchAsync(bus.SendAsync(queue, message, options), message));
        }

        await Task.WhenAll(outstanding);
    }

    private async Task WatchAsync(Task<string?> publish, Numbered message)
    {
        try
        {
            var id = await publish;
            Assert.True(_confirmed.TryAdd(id!, message), string.Create(CultureInfo.InvariantCulture, $"The id {id} was given twice."));
            Confirms.Increment();
        }
        catch (Exception exception)
        {
            // Kept for the assertions at the end; the load goes on.
            _failures.Enqueue(exception);
        }
    }
}
