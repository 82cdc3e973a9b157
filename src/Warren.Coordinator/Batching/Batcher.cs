using System.Threading.Channels;

namespace Warren.Coordinator.Batching;

/// <summary>
/// Does in one go what many callers ask for at the same time: while one batch is under way the next one gathers, so an idle batcher adds
/// no wait and a busy one adds no round trips.
/// </summary>
/// <typeparam name="TItem">What is asked.</typeparam>
/// <typeparam name="TAnswer">What is answered.</typeparam>
internal sealed class Batcher<TItem, TAnswer> : IAsyncDisposable
{
    private readonly Func<IReadOnlyList<TItem>, CancellationToken, Task<IReadOnlyList<TAnswer>>> _handle;
    private readonly Channel<Waiting> _waiting;
    private readonly int _most;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task[] _workers;

    /// <summary>A batcher that begins at once.</summary>
    /// <param name="handle">Answers a batch: one answer per item, in order. What it throws reaches all callers of the batch.</param>
    /// <param name="most">The most items of a batch.</param>
    /// <param name="waiting">How many items wait until callers have to.</param>
    /// <param name="workers">How many batches may be under way at once.</param>
    public Batcher(
        Func<IReadOnlyList<TItem>, CancellationToken, Task<IReadOnlyList<TAnswer>>> handle, int most = 256, int waiting = 4096, int workers = 1)
    {
        _handle = handle;
        _most = most;
        _waiting = Channel.CreateBounded<Waiting>(new BoundedChannelOptions(waiting) { SingleReader = workers == 1 });
        _workers = [.. Enumerable.Range(0, workers).Select(_ => RunAsync())];
    }

    /// <summary>Asks for one item.</summary>
    /// <param name="item">The item.</param>
    /// <param name="cancellationToken">Stops waiting; the item may be handled all the same.</param>
    /// <exception cref="ObjectDisposedException">The batcher was disposed before it came to the item.</exception>
    public async Task<TAnswer> AskAsync(TItem item, CancellationToken cancellationToken)
    {
        var waiting = new Waiting(item);
        try
        {
            await _waiting.Writer.WriteAsync(waiting, cancellationToken);
        }
        catch (ChannelClosedException)
        {
            throw new ObjectDisposedException(nameof(Batcher<,>));
        }
        return await waiting.Answer.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Handles what waits, then ends.</summary>
    public async Task CompleteAsync()
    {
        _waiting.Writer.TryComplete();
        await Task.WhenAll(_workers);
    }

    /// <summary>Ends at once; those who wait are told so.</summary>
    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        await _stopping.CancelAsync();
        await Task.WhenAll(_workers);
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        var batch = new List<Waiting>();
        while (await _waiting.Reader.WaitToReadAsync())
        {
            batch.Clear();
            while (batch.Count < _most && _waiting.Reader.TryRead(out var next))
                batch.Add(next);
            if (batch.Count > 0)
                await HandleAsync(batch);
        }
    }

    private async Task HandleAsync(List<Waiting> batch)
    {
        try
        {
            _stopping.Token.ThrowIfCancellationRequested();
            var answers = await _handle([.. batch.Select(waiting => waiting.Item)], _stopping.Token);
            for (var i = 0; i < batch.Count; i++)
                batch[i].Answer.TrySetResult(answers[i]);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            foreach (var waiting in batch)
                waiting.Answer.TrySetException(new ObjectDisposedException(nameof(Batcher<,>)));
        }
        catch (Exception error)
        {
            // The batch has failed; its callers hear of it, and the next batch may do better.
            foreach (var waiting in batch)
                waiting.Answer.TrySetException(error);
        }
    }

    private sealed class Waiting(TItem item)
    {
        public TItem Item => item;

        public TaskCompletionSource<TAnswer> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
