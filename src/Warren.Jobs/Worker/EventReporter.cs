using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Warren.Jobs.Diagnostics;
using Warren.Jobs.Protocol;
using Warren.Messaging;

namespace Warren.Jobs.Worker;

/// <summary>
/// Sends the reports of all attempts to <c>warren.fold</c>, those of many attempts in one message. A message that is not confirmed is sent
/// again until it is; meanwhile what is reported waits, and once too much does, who reports waits too.
/// </summary>
internal sealed partial class EventReporter : IAsyncDisposable
{
    /// <summary>The most bytes of a message, unless one result is larger.</summary>
    public const int MessageSize = 1024 * 1024;

    /// <summary>The most bytes that wait here.</summary>
    public const int BufferSize = 8 * 1024 * 1024;

    /// <summary>What a report without a payload counts for.</summary>
    public const int SmallReport = 512;

    private const int Senders = 2;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    private readonly MessageBus _bus;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ConcurrentQueue<AttemptReports> _ready = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly Queue<(int Size, TaskCompletionSource Granted)> _queueing = [];
    private Task _senders = Task.CompletedTask;
    private int _buffered;

    public EventReporter(MessageBus bus, TimeProvider time, ILogger logger)
    {
        _bus = bus;
        _time = time;
        _logger = logger;
    }

    /// <summary>Canceled when nothing is sent any more.</summary>
    public CancellationToken Stopped => _stopping.Token;

    /// <summary>Begins to send.</summary>
    public void Start() => _senders = Task.WhenAll(Enumerable.Range(0, Senders).Select(_ => Task.Run(SendAllAsync)));

    /// <summary>Opens the reports of an attempt.</summary>
    public AttemptReports Open(JobRun run) => new(this, run.Session, run.Id, run.Attempt, _time);

    /// <summary>Lists an attempt that has something to send.</summary>
    public void Add(AttemptReports reports)
    {
        _ready.Enqueue(reports);
        _wake.Release();
    }

    /// <summary>Takes room in the buffer, first come, first served; waits while there is none.</summary>
    public Task TakeRoomAsync(int size)
    {
        lock (_gate)
        {
            // One that is larger than all the room goes alone.
            if (_queueing.Count == 0 && (_buffered == 0 || _buffered + size <= BufferSize))
            {
                _buffered += size;
                return Task.CompletedTask;
            }
            var granted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _queueing.Enqueue((size, granted));
            return granted.Task.WaitAsync(_stopping.Token);
        }
    }

    /// <summary>Takes a little room for what was there already in another form.</summary>
    public void TakeRoom(int size)
    {
        lock (_gate)
            _buffered += size;
    }

    /// <summary>Gives room back.</summary>
    public void GiveRoom(int size)
    {
        lock (_gate)
        {
            _buffered -= size;
            while (_queueing.TryPeek(out var next) && (_buffered == 0 || _buffered + next.Size <= BufferSize))
            {
                _queueing.Dequeue();
                _buffered += next.Size;
                next.Granted.TrySetResult();
            }
        }
    }

    /// <summary>Stops sending; what is not confirmed by now is given up.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _senders;
    }

    private async Task SendAllAsync()
    {
        var reports = new List<Report>();
        var attempts = new List<AttemptReports>();
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await _wake.WaitAsync(_stopping.Token);
                Collect(reports, attempts);
                if (reports.Count == 0)
                    continue;
                await SendAsync(attempts[0].Session, reports);
                JobsTelemetry.Reports.Add(reports.Count);
                foreach (var attempt in attempts)
                    attempt.Confirm();
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (ObjectDisposedException)
            {
                // The bus is gone: nothing is sent any more, and the coordinator finds the jobs lost.
                return;
            }
            finally
            {
                reports.Clear();
                attempts.Clear();
            }
        }
    }

    private void Collect(List<Report> reports, List<AttemptReports> attempts)
    {
        var room = MessageSize;
        string? session = null;
        while (room > 0 && _ready.TryDequeue(out var attempt))
        {
            // A message speaks for one session; after a lost lease there may be two for a moment.
            if (session is not null && attempt.Session != session)
            {
                Add(attempt);
                return;
            }
            var taken = attempt.Take(reports, room);
            if (taken == 0)
                return;
            session = attempt.Session;
            attempts.Add(attempt);
            room -= taken;
        }
    }

    private async Task SendAsync(string session, List<Report> reports)
    {
        // The same bytes and the same id each time: a double is known by its numbers.
        ReadOnlyMemory<byte> body = Write(session, reports);
        var options = new PublishOptions
        {
            MessageId = Guid.CreateVersion7(_time.GetUtcNow()).ToString(),
            ContentType = "application/json",
            Headers = new Dictionary<string, object?> { [WireNames.ProtocolHeader] = WireNames.Version },
        };
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                await _bus.SendAsync(WireNames.FoldQueue, body, options, _stopping.Token);
                return;
            }
            catch (PublishFailedException error) when (error.Reason == PublishFailureReason.TooLarge && TryShorten(reports))
            {
                Log.TooLarge(_logger, body.Length);
                body = Write(session, reports);
            }
            catch (PublishFailedException error) when (error.Reason == PublishFailureReason.Disposed)
            {
                throw new ObjectDisposedException("The bus was disposed.", error);
            }
            catch (Exception error) when (error is not (OutOfMemoryException or ObjectDisposedException) && !_stopping.IsCancellationRequested)
            {
                // Whatever it was: what is reported after this waits for it.
                Log.NotConfirmed(_logger, error.Message, pause);
                await Task.Delay(pause, _time, _stopping.Token);
            }
        }
    }

    private static byte[] Write(string session, List<Report> reports) =>
        JsonSerializer.SerializeToUtf8Bytes(new ReportMessage { Session = session, Reports = reports }, JobJson.Options);

    // The broker takes less than a result may have: then the result is what fails, and not all that is reported after it.
    private static bool TryShorten(List<Report> reports)
    {
        var shortened = false;
        for (var i = 0; i < reports.Count; i++)
        {
            if (reports[i] is not SucceededReport large)
                continue;
            reports[i] = new FailedReport
            {
                Job = large.Job,
                Attempt = large.Attempt,
                Seq = large.Seq,
                Code = "result_too_large",
                Message = "The result is larger than what the broker takes in one message.",
                Cause = FailureCause.Invalid,
            };
            shortened = true;
        }
        return shortened;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Debug, "Reports are not confirmed and go out again in {Pause}: {Reason}")]
        public static partial void NotConfirmed(ILogger logger, string reason, TimeSpan pause);

        [LoggerMessage(LogLevel.Error, "A message of reports has {Bytes} bytes, more than the broker takes: the results in it fail")]
        public static partial void TooLarge(ILogger logger, int bytes);
    }
}
