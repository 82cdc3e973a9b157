using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Threading.Channels;
using Warren.Jobs.Protocol;
using Warren.Messaging;

namespace Warren.Jobs.Client;

/// <summary>
/// Follows the events of one job: what is in the store by request, what happens now from <c>warren.events</c>, joined by their numbers. Live
/// events only hurry what the store would tell: where one is missing the store is asked, and once in a while even if nothing is heard.
/// </summary>
internal sealed class JobWatch : IAsyncDisposable
{
    // An event is published after it is in the store, by a process that may die in between.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);

    private readonly IMessageBus _bus;
    private readonly CoordinatorRequests _requests;
    private readonly JobId _id;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Channel<JobEvent?> _live = Channel.CreateBounded<JobEvent?>(new BoundedChannelOptions(256) { FullMode = BoundedChannelFullMode.DropOldest });
    private Task _listening = Task.CompletedTask;
    private long _last;

    public JobWatch(IMessageBus bus, CoordinatorRequests requests, JobId id, long after, TimeProvider time)
    {
        _bus = bus;
        _requests = requests;
        _id = id;
        _last = after;
        _time = time;
    }

    /// <summary>The events, each once and in order, until the job has ended.</summary>
    public async IAsyncEnumerable<JobEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        _listening = ListenAsync();
        // The first word from the listener is that it listens: what happens from then on is heard.
        while (true)
        {
            var heard = await HearAsync(cancellationToken);
            if (heard is not null && heard.Number == _last + 1)
            {
                _last = heard.Number;
                yield return heard;
                if (heard.IsEnd)
                    yield break;
                continue;
            }
            if (heard is not null && heard.Number <= _last)
                continue;

            var (ended, anything) = (false, false);
            while (await FetchAsync(cancellationToken) is { Count: > 0 } stored)
            {
                foreach (var happened in stored)
                {
                    _last = happened.Number;
                    anything = true;
                    // An end that a retry by hand took back is followed by more.
                    ended = happened.IsEnd;
                    yield return happened;
                }
            }
            if (ended || (!anything && await HasEndedAsync(cancellationToken)))
                yield break;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _listening;
        _stopping.Dispose();
    }

    // Null: look at the store.
    private async Task<JobEvent?> HearAsync(CancellationToken cancellationToken)
    {
        if (_live.Reader.TryRead(out var heard))
            return heard;
        using var silence = new CancellationTokenSource(Silence, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, cancellationToken);
        try
        {
            return await _live.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
        catch (ChannelClosedException error)
        {
            throw error.InnerException ?? new MessagingException("The bus ended the reading of events.");
        }
    }

    private async Task<List<JobEvent>> FetchAsync(CancellationToken cancellationToken)
    {
        var reply = await _requests.AskUntilAnsweredAsync(new JobRequest { Op = JobOperation.Events, Id = _id, After = _last }, cancellationToken);
        CoordinatorRequests.ThrowIfRefused(reply.Error);
        return [.. (reply.Events ?? []).Where(happened => happened.Number > _last).OrderBy(happened => happened.Number)];
    }

    // Whoever has seen all events of a job that has ended would wait for ever.
    private async Task<bool> HasEndedAsync(CancellationToken cancellationToken)
    {
        var reply = await _requests.AskUntilAnsweredAsync(new JobRequest { Op = JobOperation.Get, Id = _id }, cancellationToken);
        CoordinatorRequests.ThrowIfRefused(reply.Error);
        return reply.Job is { } job && job.State.IsEnd() && job.EventNumber <= _last;
    }

    private async Task ListenAsync()
    {
        try
        {
            // Each time the queue is bound something may have been missed before.
            var options = new ReadOptions { Capacity = 256, OnBound = () => _live.Writer.TryWrite(null) };
            await foreach (var body in _bus.ReadAsync<ReadOnlyMemory<byte>>(WireNames.EventExchange, $"{_id}.#", options, _stopping.Token))
                _live.Writer.TryWrite(Read(body));
            _live.Writer.TryComplete();
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The end of the watch.
        }
        catch (Exception error) when (error is MessagingException or ObjectDisposedException)
        {
            _live.Writer.TryComplete(error);
        }
    }

    // An event of a later version is in the store in a form that this one is answered in.
    private static JobEvent? Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            return JsonSerializer.Deserialize<JobEvent>(body.Span, JobJson.Options);
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            return null;
        }
    }
}
