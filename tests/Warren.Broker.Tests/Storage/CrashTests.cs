using Warren.Broker.Storage;
using Warren.TestKit;

namespace Warren.Broker.Tests.Storage;

/// <summary>The power goes at any moment, while records are appended, segments die, are used again and are compacted.</summary>
public sealed class CrashTests : IDisposable
{
    private readonly LogDirectory _directory = new();
    private readonly DirectoryInfo _after = Directory.CreateTempSubdirectory("warren-log-after-");

    public void Dispose()
    {
        _directory.Dispose();
        _after.Delete(recursive: true);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Nothing_durable_is_lost_and_nothing_removed_comes_back_when_the_power_goes(int seed)
    {
        using var disk = new FaultyDisk();
        await using var store = await CrashOftenAsync(disk, new Random(seed), $"seed {seed}");

        // What was appended last is still to be compacted.
        await Eventually.ThatAsync(() => store.Usage() is var usage && usage.LogBytes <= 2 * usage.LiveBytes + (64 << 10), "the log is short");
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(14)]
    [InlineData(15)]
    [InlineData(16)]
    public async Task Nor_when_the_disk_fails_all_the_time_before_it(int seed)
    {
        using var disk = new FaultyDisk();
        // Faults come on the writer's thread, which has a row of numbers of its own.
        var faults = new Random(-seed);
        var inserted = new IOException("The test says that the disk fails.");
        disk.OnWrite = (_, _) => faults.Next(30) == 0 ? inserted : null;
        disk.OnFlush = _ => faults.Next(15) == 0 ? inserted : null;
        disk.OnCreate = _ => faults.Next(15) == 0 ? inserted : null;

        await (await CrashOftenAsync(disk, new Random(seed), $"seed {seed}")).DisposeAsync();
    }

    // Returns the store, which has lived on.
    private async Task<MessageStore> CrashOftenAsync(FaultyDisk disk, Random random, string what)
    {
        var options = new StoreOptions
        {
            Directory = _directory.Path, SegmentSize = 16 << 10, CompactionSlack = 32 << 10, FlushDelay = TimeSpan.FromMilliseconds(1), OpenFile = disk.Open,
        };
        var model = new LogModel(random);
        var store = _directory.Open(options, new HastyTimeProvider());
        for (var crash = 0; crash < 15; crash++)
        {
            for (var step = 0; step < 400; step++)
            {
                model.Step(store);
                // The writer shall meet many small batches, not one large one.
                if (step % 20 == 0)
                    await WaitAsync(store);
            }
            if (random.Next(2) == 0)
                await WaitAsync(store);

            var durable = store.DurableLsn;
            foreach (var file in _after.GetFiles())
                file.Delete();
            disk.LosePowerInto(_directory.Path, _after.FullName, random);
            await using var recovered = _directory.Open(LogDirectory.Small(_after.FullName));
            Assert.False(recovered.Recovered.Report.WasClosed);
            model.Check(recovered, durable, $"{what}, crash {crash}");
        }
        return store;
    }

    private static async Task WaitAsync(MessageStore store)
    {
        try
        {
            await store.IsDurableAsync();
        }
        catch (StorageException)
        {
            // A sync failed. What was told to have failed may be there or not, which is what the model asks DurableLsn for.
        }
    }
}
