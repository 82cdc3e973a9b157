using System.Globalization;
using Warren.Broker.Storage;

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
    [InlineData(7)]
    [InlineData(8)]
    public async Task Nothing_durable_is_lost_and_nothing_removed_comes_back_when_the_power_goes(int seed)
    {
        var random = new Random(seed);
        using var disk = new FaultyDisk();
        var options = new StoreOptions
        {
            Directory = _directory.Path, SegmentSize = 16 << 10, CompactionSlack = 32 << 10, FlushDelay = TimeSpan.FromMilliseconds(1), OpenFile = disk.Open,
        };
        var model = new LogModel(random);
        await using (var store = _directory.Open(options))
        {
            for (var crash = 0; crash < 12; crash++)
            {
                for (var step = 0; step < 400; step++)
                    model.Step(store);
                if (random.Next(2) == 0)
                    await store.IsDurableAsync();

                var durable = store.DurableLsn;
                foreach (var file in _after.GetFiles())
                    file.Delete();
                disk.LosePowerInto(_directory.Path, _after.FullName, random);
                await using var recovered = _directory.Open(LogDirectory.Small(_after.FullName));
                Assert.False(recovered.Recovered.Report.WasClosed);
                model.Check(recovered, durable, $"seed {seed}, crash {crash}");
            }
            Assert.True(store.Usage().Segments < 60, string.Create(CultureInfo.InvariantCulture, $"{store.Usage()}"));
        }
    }
}
