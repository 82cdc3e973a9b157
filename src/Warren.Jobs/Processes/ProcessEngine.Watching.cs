namespace Warren.Jobs.Processes;

/// <summary>The loops that look after processes: whether idle ones live, and how much memory all of them hold.</summary>
internal sealed partial class ProcessEngine
{
    private async Task PingAsync()
    {
        using var timer = new PeriodicTimer(_options.PingInterval, _time);
        while (await TicksAsync(timer))
        {
            EngineProcess[] idle;
            lock (_lock)
                idle = [.. _idle];
            foreach (var process in idle)
                await PingAsync(process);
        }
    }

    // With a slot taken, so that no more processes run than may while this one is asked.
    private async Task PingAsync(EngineProcess process)
    {
        if (!await _slots.WaitAsync(TimeSpan.Zero))
            return;
        if (!TakeIdle(process))
        {
            _slots.Release();
            return;
        }
        if (process.IsUsable)
            await process.PingAsync();
        await GiveBackAsync(process);
    }

    private bool TakeIdle(EngineProcess process)
    {
        lock (_lock)
        {
            var others = _idle.Where(idle => idle != process).Reverse().ToArray();
            var found = others.Length < _idle.Count;
            _idle.Clear();
            foreach (var other in others)
                _idle.Push(other);
            return found;
        }
    }

    private async Task WatchMemoryAsync(long limit)
    {
        using var timer = new PeriodicTimer(_options.MemoryInterval, _time);
        while (await TicksAsync(timer))
        {
            Dictionary<long, EngineProcess> sessions;
            lock (_lock)
                sessions = _all.ToDictionary(process => (long)process.Id);
            if (sessions.Count == 0)
                continue;
            Dictionary<EngineProcess, long> held = [];
            foreach (var entry in ProcessTable.Read())
            {
                if (sessions.TryGetValue(entry.Session, out var process))
                    held[process] = held.GetValueOrDefault(process) + entry.ResidentBytes;
            }
            foreach (var (process, bytes) in held.Where(pair => pair.Value > limit))
            {
                process.End(
                    EngineFault.Of(
                        EngineFault.MemoryLimit,
                        $"Process {process.Id} of {_kind} and what it started held {bytes:N0} bytes of memory; at most {limit:N0} are allowed (MemoryLimit)."),
                    kill: true);
            }
        }
    }

    private async Task<bool> TicksAsync(PeriodicTimer timer)
    {
        try
        {
            return await timer.WaitForNextTickAsync(_stopping.Token);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
