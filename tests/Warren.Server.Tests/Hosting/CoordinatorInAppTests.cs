using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Warren.Broker;
using Warren.Coordinator;
using Warren.Jobs;

namespace Warren.Server.Tests.Hosting;

/// <summary>An app that hosts the coordinator, and perhaps a worker beside it.</summary>
public class CoordinatorInAppTests
{
    private static readonly JobKind<string, int> Length = new("text.length");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_app_with_a_worker_of_its_own_submits_at_once()
    {
        await using var broker = await EmbeddedBroker.StartAsync(cancellationToken: Stop);
        var builder = NewApp(broker.Url);
        builder.Services.AddWarrenWorker().Handle(Length, (text, _, _) => Task.FromResult(text.Length));
        using var app = builder.Build();
        await app.StartAsync(Stop);

        var job = await app.Services.GetRequiredService<IJobClient>().SubmitAsync(Length, "four", cancellationToken: Stop);

        Assert.Equal(4, await job.ResultAsync(Stop));
        await app.StopAsync(Stop);
    }

    [Fact]
    public async Task Without_a_worker_a_kind_that_nobody_has_offered_is_refused()
    {
        await using var broker = await EmbeddedBroker.StartAsync(cancellationToken: Stop);
        using var app = NewApp(broker.Url).Build();
        await app.StartAsync(Stop);

        var refused = await Assert.ThrowsAsync<JobRefusedException>(
            () => app.Services.GetRequiredService<IJobClient>().SubmitAsync(Length, "four", cancellationToken: Stop));

        Assert.Equal("unknown_kind", refused.Code);
        await app.StopAsync(Stop);
    }

    [Fact]
    public void What_code_says_of_the_coordinator_wins_over_the_settings()
    {
        var builder = NewApp("amqp://localhost/", options => options.Lease = TimeSpan.FromSeconds(9));
        builder.Configuration.AddInMemoryCollection([new("Warren:Coordinator:Lease", "00:00:07"), new("Warren:Coordinator:Grace", "00:00:02")]);
        using var app = builder.Build();

        var options = app.Services.GetRequiredService<IOptions<CoordinatorOptions>>().Value;

        Assert.Equal((TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(2)), (options.Lease, options.Grace));
    }

    [Fact]
    public void A_second_coordinator_in_an_app_and_one_without_a_store_are_refused()
    {
        var builder = NewApp("amqp://localhost/");

        var second = Assert.Throws<InvalidOperationException>(() => builder.Services.AddWarrenCoordinator(coordinator => coordinator.UseStore("sqlite:other.db")));
        var homeless = Assert.Throws<ArgumentException>(() => new ServiceCollection().AddWarrenCoordinator(_ => { }));

        Assert.Equal("AddWarrenCoordinator was called twice; an app has one coordinator. Name the store and all contracts in one call.", second.Message);
        Assert.StartsWith("No store is named; UseSqlite, UsePostgres or UseStore was expected.", homeless.Message, StringComparison.Ordinal);
    }

    private static HostApplicationBuilder NewApp(string broker, Action<CoordinatorOptions>? configure = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new() { DisableDefaults = true });
        builder.Services.AddWarrenMessaging(options => options.Url = broker);
        builder.Services.AddWarrenCoordinator(jobs => jobs.UseSqlite(":memory:").Configure(configure ?? (_ => { })));
        return builder;
    }
}
