using System.Collections.Concurrent;
using Warren.Chaos.Host;
using Warren.Jobs;
using Warren.TestKit;

namespace Warren.Chaos.Tests;

/// <summary>Rounds of random faults, each with the seed of its dice: whatever happens, a job that was accepted ends once.</summary>
/// <remarks>
/// <c>WARREN_TEST_CHAOS_ROUNDS</c> makes more rounds, <c>WARREN_TEST_CHAOS_SEED</c> repeats one, <c>WARREN_TEST_CHAOS_FAULT</c> plays only
/// faults that have these words, or others after a |, in their name.
/// </remarks>
public class ChaosTests(ITestOutputHelper output)
{
    private const int Jobs = 100;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(26)]
    public async Task Jobs_end_once_on_the_embedded_broker_over_sqlite(int rounds) =>
        await PlayAsync(await EmbeddedBrokerProcess.StartAsync(), null, rounds, [.. Fault.All, Fault.BrokerKilled]);

    [Theory]
    [InlineData(12)]
    [Trait("Category", "Service")]
    public async Task Jobs_end_once_on_the_embedded_broker_over_postgresql(int rounds)
    {
        await using var postgres = await PostgresServer.StartAsync();
        await PlayAsync(
            await EmbeddedBrokerProcess.StartAsync(), await postgres.NewDatabaseAsync(), rounds, [.. Fault.All, Fault.BrokerKilled, Fault.StoreCrashes(postgres)]);
    }

    [Theory]
    [InlineData(8)]
    [Trait("Category", "Service")]
    public async Task Jobs_end_once_on_rabbitmq_over_sqlite(int rounds)
    {
        var node = await RabbitMqFixture.StartNodeAsync();
        await PlayAsync(node, null, rounds, [.. Fault.All, Fault.ChannelsClosed(node)]);
    }

    [Theory]
    [InlineData(8)]
    [Trait("Category", "Service")]
    public async Task Jobs_end_once_on_rabbitmq_over_postgresql(int rounds)
    {
        await using var postgres = await PostgresServer.StartAsync();
        var node = await RabbitMqFixture.StartNodeAsync();
        await PlayAsync(node, await postgres.NewDatabaseAsync(), rounds, [.. Fault.All, Fault.ChannelsClosed(node), Fault.StoreCrashes(postgres)]);
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : otherwise;

    private async Task PlayAsync(IBrokerProcess broker, string? store, int rounds, IReadOnlyList<Fault> faults)
    {
        var seed = Number("WARREN_TEST_CHAOS_SEED", Random.Shared.Next());
        output.WriteLine($"The seed is {seed}.");
        if (Environment.GetEnvironmentVariable("WARREN_TEST_CHAOS_FAULT") is { Length: > 0 } words)
            faults = [.. faults.Where(fault => words.Split('|').Any(word => fault.Name.Contains(word, StringComparison.Ordinal)))];
        await using var world = await World.StartAsync(broker, store);
        for (var round = 1; round <= Number("WARREN_TEST_CHAOS_ROUNDS", rounds); round++)
        {
            var random = new Random(seed ^ (round * 7919));
            output.WriteLine($"Round {round} begins at {TimeProvider.System.GetUtcNow():HH:mm:ss.fff}.");
            var happened = await PlayRoundAsync(world, random, faults, output);
            var wrong = happened.History.Faults(world.Lease.TotalSeconds);
            Assert.True(
                wrong.Count == 0,
                $"Round {round} of seed {seed}, with {string.Join(" and ", happened.Names)}:\n{string.Join('\n', wrong.Take(20))}\n{world.LogsOf(wrong.Take(2).Select(fault => fault[..36]))}");
        }
    }

    private static async Task<(IReadOnlyList<string> Names, History History)> PlayRoundAsync(World world, Random random, IReadOnlyList<Fault> faults, ITestOutputHelper output)
    {
        using var patience = new CancellationTokenSource(Patience, TimeProvider.System);
        var accepted = new ConcurrentDictionary<JobId, int>();
        var args = Enumerable.Range(0, Jobs).Select(i => new ChaosArgs(i, random.Next(1, 5), random.Next(1, 80), random.Next(8) == 0)).ToList();
        var pauses = args.Select(_ => random.Next(0, 30)).ToList();
        var submits = Parallel.ForEachAsync(
            args,
            new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = patience.Token },
            async (work, token) =>
            {
                await Task.Delay(TimeSpan.FromMilliseconds(pauses[work.Number]), TimeProvider.System, token);
                var id = JobId.New();
                await world.SubmitAsync(id, work, token);
                accepted[id] = work.Number;
            });
        var some = Enumerable.Range(0, random.Next(1, 3)).Select(_ => faults[random.Next(faults.Count)]).ToList();
        foreach (var fault in some)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(0, 300)), TimeProvider.System);
            output.WriteLine($"{TimeProvider.System.GetUtcNow():HH:mm:ss.fff} {fault.Name}");
            await fault.HappenAsync(world, random);
        }
        try
        {
            await submits;
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            Assert.Fail(
                $"After {Patience}, with {string.Join(" and ", some.Select(fault => fault.Name))}, {accepted.Count} of {Jobs} submits were answered; " +
                $"the last refusal: {world.LastRefusal}\n{world.EndsOfLogs()}");
        }
        Assert.Equal(Jobs, accepted.Count);
        return ([.. some.Select(fault => fault.Name)], await world.ReadAsync(accepted, Patience));
    }
}
