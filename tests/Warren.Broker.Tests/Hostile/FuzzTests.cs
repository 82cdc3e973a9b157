using Warren.Broker.Protocol;
using Warren.Broker.Tests.Processes;
using Warren.Broker.Tests.Suite;
using Warren.TestKit;

namespace Warren.Broker.Tests.Hostile;

/// <summary>A broker among hostile clients: it serves the others, and has lost nothing when they are gone.</summary>
[Collection(AloneCollection.Name)]
[Trait("Category", "Fuzz")]
public sealed class FuzzTests : IDisposable
{
    private const int Attackers = 6;
    private const long MostResident = 768L << 20;
    // What a heap keeps by itself: pools, caches, tables that have grown.
    private const long HeapTolerance = 24L << 20;
    private const int HandleTolerance = 16;

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private readonly string _directory = Directory.CreateTempSubdirectory("warren-fuzz-").FullName;

    [Fact]
    public async Task Hostile_clients_harm_nobody_and_leave_nothing_behind()
    {
        var seed = TestSettings.Seed();
        var random = new Random(seed);
        var seconds = TestSettings.Number("WARREN_TEST_FUZZ_SECONDS", 60);
        await using var broker = await BrokerProcess.StartAsync($"data={_directory}", "listen=127.0.0.1:0", "handshake-timeout=1500", $"memory-limit={256 << 20}");
        using var stop = new CancellationTokenSource();
        HealthyClient[] healthy =
        [
            new(broker.Url, "healthy-classic", FieldTable.Empty),
            new(broker.Url, "healthy-quorum", FieldTable.Of(("x-queue-type", "quorum"))),
        ];
        var working = healthy.Select(client => client.RunAsync(stop.Token)).ToArray();

        // The first attacks load what has to be loaded once.
        await AttackAsync(broker, working, random, WarmUp);
        var (heap, handles) = await WeighAsync(broker, working);
        var attacks = await AttackAsync(broker, working, random, TimeSpan.FromSeconds(seconds));
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"Seed {seed}: {attacks} attacks in {seconds} s, {string.Join(" + ", healthy.Select(client => client.Count))} messages of the healthy clients beside them, "
            + $"50 at most in {healthy.Max(client => client.Longest).TotalMilliseconds:0} ms, {broker.PeakResidentBytes >> 20} MiB at most.");

        await Eventually.PassesAsync(
            async () =>
            {
                var (nowHeap, nowHandles) = await WeighAsync(broker, working);
                Assert.InRange(nowHandles, 0, handles + HandleTolerance);
                Assert.InRange(nowHeap, 0, heap + HeapTolerance);
            },
            $"memory and handles of the broker are what they were (seed {seed}, {attacks} attacks)");

        await stop.CancelAsync();
        await Task.WhenAll(working);
        await broker.StopAsync();
        AssertUnharmed(broker, seed);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static void AssertUnharmed(BrokerProcess broker, int seed) =>
        Assert.True(!broker.Faults.Any(), $"The broker met what it did not expect (seed {seed}):\n{string.Join("\n", broker.Faults.Take(5))}");

    private static async Task<int> AttackAsync(BrokerProcess broker, Task[] working, Random random, TimeSpan duration)
    {
        await using var janitor = await LoadClient.OpenAsync(broker.Url);
        await janitor.OpenChannelAsync(1);
        await Traffic.PrepareAsync(janitor);
        using var over = new CancellationTokenSource(duration, TimeProvider.System);
        var seed = random.Next();
        var attackers = Enumerable.Range(0, Attackers).Select(number => new Attacks(broker.Url, new(seed + number))).ToArray();
        var attacking = attackers.Select(attacker => attacker.RunAsync(over.Token)).ToArray();
        while (!over.IsCancellationRequested)
        {
            await Task.WhenAny([Task.Delay(Look, TimeProvider.System, CancellationToken.None), .. working]);
            Assert.True(Array.TrueForAll(working, task => !task.IsCompleted), $"A healthy client was harmed: {Array.Find(working, task => task.IsFaulted)?.Exception}");
            Assert.InRange(broker.ResidentBytes, 0, MostResident);
            AssertUnharmed(broker, seed);
            await Traffic.DeleteAsync(janitor, Traffic.Passing);
        }

        await Task.WhenAll(attacking);
        await Traffic.DeleteAsync(janitor, Traffic.Fixed + Traffic.Passing);
        return attackers.Sum(attacker => attacker.Count);
    }

    private static async Task<(long Heap, int Handles)> WeighAsync(BrokerProcess broker, Task[] working)
    {
        Assert.True(Array.TrueForAll(working, task => !task.IsCompleted), $"A healthy client was harmed: {Array.Find(working, task => task.IsFaulted)?.Exception}");
        return (await broker.CollectAsync(), broker.HandleCount);
    }
}
