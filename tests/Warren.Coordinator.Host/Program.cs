using System.Globalization;
using Warren.Coordinator;
using Warren.Coordinator.Storage;
using Warren.Jobs;

// A store of jobs in a process of its own, for tests that kill it or keep it from its file. The argument is its address. It says "ready",
// or "refused MESSAGE", and then does what each line tells it; when its input ends, because it was told to stop or because the process of
// the tests is gone, it ends.
await using var store = StoreAddress.Parse(args[0]).Create(TimeProvider.System);
try
{
    await store.OpenAsync(CancellationToken.None);
}
catch (StoreRefusedException refusal)
{
    Console.WriteLine($"refused {refusal.Message}");
    return 1;
}

Console.WriteLine("ready");
while (Console.ReadLine() is { } command)
{
    switch (command.Split(' '))
    {
        // Inserts without end, and says each id once it was answered.
        case ["flood"]:
            for (var writer = 0; writer < 8; writer++)
                _ = FloodAsync(store);
            break;
        case ["insert", var size]:
            Console.WriteLine(await TryInsertAsync(store, int.Parse(size, CultureInfo.InvariantCulture)));
            break;
        default:
            throw new ArgumentException($"There is no command '{command}'.");
    }
}
return 0;

static async Task FloodAsync(IJobStore store)
{
    while (true)
        Console.WriteLine(await InsertAsync(store, 10));
}

static async Task<string> TryInsertAsync(IJobStore store, int size)
{
    try
    {
        return $"inserted {await InsertAsync(store, size)}";
    }
    catch (StoreUnavailableException error)
    {
        return $"unavailable {error.Message}";
    }
}

static async Task<JobId> InsertAsync(IJobStore store, int size)
{
    var record = new JobRecord { Id = JobId.New(), Kind = "text.stats", State = JobState.Queued, CreatedAt = TimeProvider.System.GetUtcNow() };
    var job = new NewJob
    {
        Record = record,
        Args = new byte[size],
        ArgsHash = new byte[32],
        Event = new JobQueued(),
        Message = new() { Job = record.Id, Exchange = "", RoutingKey = "warren.jobs.text.stats", MessageId = $"{record.Id}/1", Attempt = 1 },
    };
    await store.InsertAsync([job], "host", CancellationToken.None);
    return record.Id;
}
