using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Warren.Messaging;
using Warren.TestKit;

namespace Warren.Docs.Tests.Snippets;

public class HostedTests(RabbitMqFixture rabbit) : SnippetTest(rabbit)
{
    [Fact]
    public async Task A_hosted_bus_handles_events_and_carries_live_updates_to_a_browser()
    {
        var welcomed = new Arrivals<UserCreated>();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration["Logging:LogLevel:Default"] = "None";
        builder.Configuration["Warren:Messaging:Url"] = await UrlAsync();
        builder.Services.AddSingleton(new Db(welcomed.Add));
#pragma warning disable IDE0055 // Set as the documents have it.
        // <snippet:hosted>
        builder.Services.AddWarrenMessaging()                            // section Warren:Messaging; or o => o.Url = …
            .Subscribe<UserCreated, WelcomeNewUser>(queue: "matching.user_events", exchange: "user.events", bindingKey: "user.created");
        builder.Services.AddKeyedWarrenMessaging("analytics", o => o.Url = "amqp://analytics/");  // [FromKeyedServices("analytics")]
        builder.Services.AddHealthChecks().AddWarrenMessaging();
        // </snippet>
        await using var app = builder.Build();
        // <snippet:hosted>
        app.MapGet("/sessions/{id}/updates", (string id, IMessageBus bus, CancellationToken ct) =>   // id: refuse . * #
            TypedResults.ServerSentEvents(bus.ReadAsync<CodeUpdated>("collaboration.events", $"session.{id}.*", ct)));
        // </snippet>
#pragma warning restore IDE0055
        await app.StartAsync();
        var bus = app.Services.GetRequiredService<IMessageBus>();
        var health = app.Services.GetRequiredService<HealthCheckService>();
        await Eventually.ThatAsync(() => bus.Health.Consumers is [{ Consuming: true }], "the consumer runs");

        await bus.PublishAsync("user.events", "user.created", new UserCreated(42, "ada"));

        Assert.Equal(new UserCreated(42, "ada"), await welcomed.FirstAsync());
        Assert.Equal(HealthStatus.Healthy, (await health.CheckHealthAsync()).Status);
        Assert.NotSame(bus, app.Services.GetRequiredKeyedService<IMessageBus>("analytics"));
        Assert.StartsWith("data: {", await FirstUpdateAsync(app, bus), StringComparison.Ordinal);
        await app.StopAsync();
    }

    private static async Task<string?> FirstUpdateAsync(WebApplication app, IMessageBus bus)
    {
        using var browser = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
        var line = Task.Run(async () =>
        {
            await using var stream = await browser.GetStreamAsync(new Uri("sessions/42/updates", UriKind.Relative));
            using var reader = new StreamReader(stream);
            return await reader.ReadLineAsync();
        });
        // A live reader sees what is published from the moment it is there.
        await Eventually.ThatAsync(
            async () =>
            {
                await bus.PublishAsync("collaboration.events", "session.42.code_updated", new CodeUpdated("42", 1, "+ x"));
                return line.IsCompleted;
            },
            "the browser sees an update");
        return await line;
    }
}
