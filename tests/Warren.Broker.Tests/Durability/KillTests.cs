using System.Globalization;
using Warren.Broker.Tests.Processes;
using Warren.Broker.Tests.Suite;

namespace Warren.Broker.Tests.Durability;

/// <summary>A broker that is killed under load, over and over, keeps what it promised.</summary>
[Collection(AloneCollection.Name)]
public sealed class KillTests : IDisposable
{
    private const int Publishers = 8;

    private static readonly Path[] Consumed = [StormPaths.Classic, StormPaths.Quorum, StormPaths.Doubtful, StormPaths.Priority];

    private readonly string _directory = Directory.CreateTempSubdirectory("warren-kill-").FullName;
    private readonly Ledger _ledger = new();

    [Fact]
    public async Task What_was_confirmed_survives_a_kill_and_what_was_acked_does_not_return()
    {
        var seed = TestSettings.Seed();
        var rounds = TestSettings.Number("WARREN_TEST_ROUNDS", 20);
        var random = new Random(seed);
        var publishers = Enumerable.Range(1, Publishers + 1).Select(number => new StormPublisher(number, _ledger, random.Next())).ToArray();
        var consumers = Consumed.Select(path => new StormConsumer(path, _ledger, random.Next())).ToArray();
        string[] settings = [$"data={_directory}", "listen=127.0.0.1:0"];

        for (var round = 1; round <= rounds; round++)
        {
            // Some are killed before they have come up again.
            if (round > 1 && random.Next(4) == 0)
                await BrokerProcess.StartAndKillAsync(Moments(random.Next(100, 600)), settings);
            await using var broker = await StartAsync(settings);
            if (round == 1)
            {
                await using var client = await LoadClient.OpenAsync(broker.Url);
                await StormPaths.DeclareAsync(client);
            }

            await AuditAsync(broker, random, crashed: true, share: 0.7, $"round {round} of {rounds}, seed {seed}");

            List<Task> storm = [.. publishers[1..].Select(publisher => publisher.PublishAsync(broker.Url)), publishers[0].CommitAsync(broker.Url)];
            storm.AddRange(consumers.Select(consumer => consumer.ConsumeAsync(broker.Url)));
            // Nobody can end before the kill but by a failure.
            var life = LifeAsync(round, random);
            var early = await Task.WhenAny([life, .. storm]);
            await broker.KillAsync();
            await Task.WhenAll(storm);
            Assert.False(storm.Contains(early), $"A client ended before the broker was killed (round {round}, seed {seed}).");
            await life;
            AssertHealthy(broker, $"round {round}, seed {seed}");
        }

        await using (var broker = await StartAsync(settings))
        {
            await AuditAsync(broker, random, crashed: true, share: 0.6, $"after the last kill, seed {seed}");
            await broker.StopAsync();
        }

        // In order it loses nothing either, and what was acked is gone in the end.
        await using (var broker = await StartAsync(settings))
        {
            await AuditAsync(broker, random, crashed: false, share: 1, $"after a stop, seed {seed}");
            await broker.KillAsync();
        }

        await using (var broker = await StartAsync(settings))
            Assert.Equal(0, await AuditAsync(broker, random, crashed: true, share: 1, $"after all was acked, seed {seed}"));

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"Seed {seed}, {rounds} rounds: {_ledger.Entries.Count} messages, {_ledger.ConfirmedCount} confirmed, {_ledger.AckedForGoodCount} acked for good.");
        Assert.True(_ledger.ConfirmedCount > 100 * rounds, $"Only {_ledger.ConfirmedCount} messages were confirmed, so little was tested.");
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    // Every fourth is killed at any moment, be it before its clients are in; the others when they have done some work, however slow the machine is.
    private Task LifeAsync(int round, Random random) => round % 4 == 0
        ? Moments(random.Next(30, 600))
        : _ledger.Confirms.WaitForAsync(_ledger.Confirms.Value + random.Next(200, 5_000), TimeSpan.FromMinutes(1));

    // How long the broker is left alive: the fault itself, not something that is waited for.
    private static Task Moments(int milliseconds) => Task.Delay(TimeSpan.FromMilliseconds(milliseconds), TimeProvider.System);

    private static void AssertHealthy(BrokerProcess broker, string when)
    {
        // A torn tail is no error; a damaged record in between would be.
        var errors = broker.Log.Where(line => line.StartsWith("Error Warren.Broker.Storage", StringComparison.Ordinal)).Concat(broker.Faults);
        Assert.True(!errors.Any(), string.Create(CultureInfo.InvariantCulture, $"The broker logged errors ({when}): {string.Join("\n", errors)}"));
    }

    private async Task<BrokerProcess> StartAsync(string[] settings)
    {
        _ledger.Life++;
        return await BrokerProcess.StartAsync(settings);
    }

    private async Task<int> AuditAsync(BrokerProcess broker, Random random, bool crashed, double share, string when)
    {
        var count = await new Audit(_ledger, random, crashed).RunAsync(broker.Url, share);
        _ledger.AssertKept(when);
        AssertHealthy(broker, when);
        return count;
    }
}
