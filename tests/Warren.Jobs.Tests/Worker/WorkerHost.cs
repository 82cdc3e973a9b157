using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Warren.Jobs.Hosting;

namespace Warren.Jobs.Tests.Worker;

/// <summary>A worker under test: a real host on a real broker.</summary>
internal sealed class WorkerHost(IHost host) : IAsyncDisposable
{
    public IHost Host => host;

    public static async Task<WorkerHost> StartAsync(
        string url, Action<WorkerBuilder> add, Action<WorkerOptions>? configure = null, TimeProvider? time = null, CollectedLog? log = null,
        params string[] settings)
    {
        var host = Build(url, add, configure, time, log, settings);
        await host.StartAsync(TestContext.Current.CancellationToken);
        return new(host);
    }

    public static IHost Build(
        string url, Action<WorkerBuilder> add, Action<WorkerOptions>? configure = null, TimeProvider? time = null, CollectedLog? log = null,
        params string[] settings)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(settings.Select(text => KeyValuePair.Create(text.Split('=', 2)[0], (string?)text.Split('=', 2)[1])));
        if (time is not null)
            builder.Services.AddSingleton(time);
        if (log is not null)
            builder.Logging.AddProvider(log).SetMinimumLevel(LogLevel.Trace);
        builder.Services.AddWarrenMessaging(o =>
        {
            o.Url = url;
            o.ReconnectMaxDelay = TimeSpan.FromMilliseconds(200);
        });
        add(builder.Services.AddWarrenWorker(configure));
        return builder.Build();
    }

    public Task StopAsync() => host.StopAsync(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync(CancellationToken.None);
        if (host is IAsyncDisposable disposable)
            await disposable.DisposeAsync();
    }
}
