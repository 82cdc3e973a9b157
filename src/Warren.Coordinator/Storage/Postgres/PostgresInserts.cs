namespace Warren.Coordinator.Storage.Postgres;

/// <summary>Inserts that wait while others are written go together: many callers share a transaction, and one that calls alone waits for nobody.</summary>
/// <param name="insert">Inserts jobs in one transaction.</param>
internal sealed class PostgresInserts(
    Func<IReadOnlyList<NewJob>, string, CancellationToken, Task<(IReadOnlyList<Insertion> Insertions, IReadOnlyList<OutboxMessage> Messages)>> insert)
{
    // While one transaction waits for the disk, another is sent.
    private const int Pumps = 2;

    private const int JobsTogether = 512;

    private readonly Lock _lock = new();
    private readonly Queue<Caller> _waiting = new();
    private int _pumps;

    /// <summary>Inserts jobs, together with those of other callers. What has begun is not given up.</summary>
    public Task<(IReadOnlyList<Insertion> Insertions, IReadOnlyList<OutboxMessage> Messages)> InsertAsync(
        IReadOnlyList<NewJob> jobs, string taker, CancellationToken cancellationToken)
    {
        if (jobs.Count >= JobsTogether)
            return insert(jobs, taker, cancellationToken);

        var caller = new Caller(jobs, taker, cancellationToken);
        lock (_lock)
        {
            _waiting.Enqueue(caller);
            if (_pumps == Pumps)
                return caller.Answer;
            _pumps++;
        }
        _ = PumpAsync();
        return caller.Answer;
    }

    // Never throws: each caller is told of what befell its own.
    private async Task PumpAsync()
    {
        while (Take() is { Count: > 0 } callers)
        {
            if (callers.Count == 1 || !await TryTogetherAsync(callers))
            {
                foreach (var caller in callers)
                    await AloneAsync(caller);
            }
        }
    }

    // What waits first, and what goes with it; if there is none, the pump has ended.
    private List<Caller> Take()
    {
        var callers = new List<Caller>();
        var jobs = 0;
        lock (_lock)
        {
            while (jobs < JobsTogether && _waiting.TryPeek(out var next) && (callers.Count == 0 || next.Taker == callers[0].Taker))
            {
                _waiting.Dequeue();
                if (next.TryBegin())
                {
                    callers.Add(next);
                    jobs += next.Jobs.Count;
                }
            }
            if (callers.Count == 0)
                _pumps--;
        }
        return callers;
    }

    private async Task<bool> TryTogetherAsync(List<Caller> callers)
    {
        try
        {
            var (insertions, messages) = await insert([.. callers.SelectMany(caller => caller.Jobs)], callers[0].Taker, CancellationToken.None);
            var (nextInsertion, nextMessage) = (0, 0);
            foreach (var caller in callers)
            {
                IReadOnlyList<Insertion> mine = [.. insertions.Skip(nextInsertion).Take(caller.Jobs.Count)];
                var sent = caller.Jobs.Zip(mine).Count(job => job.Second.IsNew && job.First.Message is not null);
                caller.Answered(mine, [.. messages.Skip(nextMessage).Take(sent)]);
                nextInsertion += caller.Jobs.Count;
                nextMessage += sent;
            }
            return true;
        }
        catch (StoreUnavailableException error)
        {
            callers.ForEach(caller => caller.Failed(error));
            return true;
        }
        catch (Exception)
        {
            // Nothing was inserted. One of them has brought what the database refuses; alone, each finds out whether it was the one.
            return false;
        }
    }

    private async Task AloneAsync(Caller caller)
    {
        try
        {
            var (insertions, messages) = await insert(caller.Jobs, caller.Taker, CancellationToken.None);
            caller.Answered(insertions, messages);
        }
        catch (Exception error)
        {
            // It is the caller's; the pump goes on with the others.
            caller.Failed(error);
        }
    }

    private sealed class Caller
    {
        private readonly TaskCompletionSource<(IReadOnlyList<Insertion>, IReadOnlyList<OutboxMessage>)> _answer =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        private readonly CancellationTokenRegistration _registration;
        private int _decided;

        public Caller(IReadOnlyList<NewJob> jobs, string taker, CancellationToken cancellationToken)
        {
            Jobs = jobs;
            Taker = taker;
            _registration = cancellationToken.Register(() =>
            {
                if (TryDecide())
                    _answer.TrySetCanceled(cancellationToken);
            });
        }

        public IReadOnlyList<NewJob> Jobs { get; }

        public string Taker { get; }

        public Task<(IReadOnlyList<Insertion>, IReadOnlyList<OutboxMessage>)> Answer => _answer.Task;

        public bool TryBegin()
        {
            _registration.Unregister();
            return TryDecide();
        }

        public void Answered(IReadOnlyList<Insertion> insertions, IReadOnlyList<OutboxMessage> messages) => _answer.TrySetResult((insertions, messages));

        public void Failed(Exception error) => _answer.TrySetException(error);

        private bool TryDecide() => Interlocked.Exchange(ref _decided, 1) == 0;
    }
}
