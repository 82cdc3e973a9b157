using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Warren.Benchmarks.Variants;
using Warren.Jobs;
using Warren.Messaging;

namespace Warren.Benchmarks.Jobs;

/// <summary>A client that hands in jobs over AMQP, each answered once it is in the store, and hears of their ends on <c>warren.events</c>.</summary>
internal sealed class JobLoad : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly MessageBus _bus;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<JobId, TaskCompletionSource> _waiting = new();
    private Task _reading = Task.CompletedTask;

    private JobLoad(MessageBus bus) => _bus = bus;

    /// <summary>A client that hears what ends, and a worker that has offered the kind.</summary>
    public static async Task<JobLoad> StartAsync(string url)
    {
        var load = new JobLoad(await MessageBus.ConnectAsync(url));
        var bound = new TaskCompletionSource();
        load._reading = load.ReadAsync(bound);
        await bound.Task.WaitAsync(Patience, TimeProvider.System);
        while (true)
        {
            try
            {
                await load.RunOneAsync();
                return load;
            }
            catch (JobRefusedException error) when (error.Code == "unknown_kind")
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
            }
        }
    }

    /// <summary>Jobs a second with so many under way.</summary>
    public async Task<double> ThroughputAsync(int jobs, int window)
    {
        var start = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, jobs), new ParallelOptions { MaxDegreeOfParallelism = window }, async (_, _) => await RunOneAsync());
        return jobs / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Milliseconds from the submit to the end of a job, one after the other.</summary>
    public async Task<(double P50, double P99)> LatencyAsync(int jobs, int rate)
    {
        var times = new List<double>();
        var begin = Stopwatch.GetTimestamp();
        for (var i = 0; i < jobs; i++)
        {
            var pause = TimeSpan.FromSeconds((double)i / rate) - Stopwatch.GetElapsedTime(begin);
            if (pause > TimeSpan.Zero)
                await Task.Delay(pause, TimeProvider.System);
            var start = Stopwatch.GetTimestamp();
            await RunOneAsync();
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
        times.Sort();
        return (times[times.Count / 2], times[(int)(times.Count * 0.99)]);
    }

    /// <summary>Hands in a job and waits for its end.</summary>
    public async Task RunOneAsync()
    {
        var id = JobId.New();
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[id] = ended;
        await SubmitAsync(id, JobProcesses.NoOp.Name);
        await ended.Task.WaitAsync(Patience, TimeProvider.System);
    }

    /// <summary>Hands in a job.</summary>
    public async Task SubmitAsync(JobId id, string kind)
    {
        var reply = await _bus.RequestAsync<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>(
            "warren.submit", JsonSerializer.SerializeToUtf8Bytes(new { Id = id, Kind = kind, Args = 1 }, JobJson.Options), Patience);
        using var answer = JsonDocument.Parse(reply);
        if (answer.RootElement.TryGetProperty("error", out var error))
            throw new JobRefusedException(error.GetProperty("code").GetString()!, error.GetProperty("message").GetString()!);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reading;
        await _bus.DisposeAsync();
        _stop.Dispose();
    }

    private async Task ReadAsync(TaskCompletionSource bound)
    {
        try
        {
            var options = new ReadOptions { Capacity = 100_000, Overflow = ReadOverflow.Fail, OnBound = () => bound.TrySetResult() };
            await foreach (var body in _bus.ReadAsync<ReadOnlyMemory<byte>>("warren.events", "*.succeeded", options, _stop.Token))
            {
                if (JsonSerializer.Deserialize<JobEvent>(body.Span, JobJson.Options) is { } happened && _waiting.TryRemove(happened.Job, out var ended))
                    ended.TrySetResult();
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The measurement is over.
        }
        catch (MessagingException error)
        {
            bound.TrySetException(error);
            foreach (var ended in _waiting.Values)
                ended.TrySetException(new VariantFailedException($"The ends of jobs could not be read: {error.Message}"));
        }
    }
}
