using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Warren.AI.Grading;
using Warren.Broker;
using Warren.Cli.Commands;
using Warren.Coordinator;
using Warren.Jobs.Hosting;
using Warren.Server;

namespace Warren.Cli.Serving;

/// <summary>
/// A whole Warren in one process, or a part of one: broker, store and coordinator, worker, HTTP. They start in this order; they stop so
/// that nothing is lost: first nothing is taken in, then jobs end or are released, then what they reported is written down, and the broker
/// goes last.
/// </summary>
internal sealed class WarrenHost : IAsyncDisposable
{
    /// <summary>How long a stop may take in all.</summary>
    public static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(30);

    private readonly WebApplication _app;
    private readonly EmbeddedBroker? _broker;
    private readonly ILoggerFactory _loggers;

    private WarrenHost(WebApplication app, EmbeddedBroker? broker, ILoggerFactory loggers)
    {
        _app = app;
        _broker = broker;
        _loggers = loggers;
    }

    /// <summary>The URL of the embedded broker, or null.</summary>
    public string? AmqpUrl => _broker?.Url;

    /// <summary>Where HTTP is served, or null.</summary>
    public string? HttpUrl => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault();

    /// <summary>What is in it.</summary>
    public IServiceProvider Services => _app.Services;

    /// <summary>Starts it.</summary>
    /// <param name="settings">What it is to be.</param>
    /// <param name="log">Where it logs.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="BrokerStartException">The embedded broker cannot start.</exception>
    /// <exception cref="StoreRefusedException">The store cannot be used.</exception>
    /// <exception cref="OptionsValidationException">A setting is wrong.</exception>
    public static async Task<WarrenHost> StartAsync(ServeSettings settings, ServeLog log, CancellationToken cancellationToken)
    {
        EmbeddedBroker? broker = null;
        WebApplication? app = null;
        // The broker's: it is there before the host, and after it.
        var loggers = LoggerFactory.Create(log.AddTo);
        try
        {
            if (settings.Roles.Contains("server"))
                RefuseTakenPort(settings.Reader);
            Directory.CreateDirectory(settings.Data);
            if (settings.Broker.Options(settings.Reader, settings.Data) is { } options)
            {
                options.LoggerFactory = loggers;
                broker = await EmbeddedBroker.StartAsync(options, cancellationToken);
            }
            app = Build(settings, broker, log);
            await app.StartAsync(cancellationToken);
            return new(app, broker, loggers);
        }
        catch
        {
            log.Silence();
            if (app is not null)
                await app.DisposeAsync();
            if (broker is not null)
                await broker.DisposeAsync();
            loggers.Dispose();
            throw;
        }
    }

    /// <summary>Waits until it is told to stop, and stops.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // That is how it ends.
        }
        await StopAsync();
    }

    /// <summary>Stops it in order, within one deadline for all.</summary>
    public async Task StopAsync()
    {
        using var patience = new CancellationTokenSource(ShutdownTimeout, TimeProvider.System);
        await _app.StopAsync(patience.Token);
        if (_broker is not null)
            await _broker.StopAsync(patience.Token);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        if (_broker is not null)
            await _broker.DisposeAsync();
        _loggers.Dispose();
    }

    // HTTP comes last; whoever has to choose another port should hear of it before a store was made and a broker has begun.
    private static void RefuseTakenPort(SettingReader settings)
    {
        var (value, source) = settings.Find(ServerSetting.All.First(setting => setting.Key == $"{ServerOptions.Section}:Listen"));
        var listen = value ?? new ServerOptions().Listen;
        if (!ServerOptionsSetup.TryReadListen(listen, out var endPoint))
            throw new UsageException($"{ServerOptions.Section}:Listen is '{listen}' ({source}); expected ADDRESS:PORT, as in 127.0.0.1:8080 or *:8080.");
        if (endPoint.Port == 0)
            return;
        using var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(endPoint);
        }
        catch (SocketException error) when (error.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
        {
            var other = endPoint.Port < IPEndPoint.MaxPort ? endPoint.Port + 1 : endPoint.Port - 1;
            throw new CannotStartException(
                error.SocketErrorCode == SocketError.AccessDenied
                    ? $"{listen} may not be listened on: {error.Message}. Choose another with --http 127.0.0.1:8080."
                    : $"{listen} is in use by another program. If that is a Warren, it is the one to ask; else choose another with --http {listen[..listen.LastIndexOf(':')]}:{other}.",
                error);
        }
    }

    private static WebApplication Build(ServeSettings settings, EmbeddedBroker? broker, ServeLog log)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ApplicationName = "warren", ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddConfiguration(settings.Reader.Configuration);
        builder.Logging.ClearProviders();
        log.AddTo(builder.Logging);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = ShutdownTimeout);
        // The signals are this program's to handle: a stop has an order.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();

        builder.Services.AddWarrenMessaging(options =>
        {
            if (broker is not null)
            {
                options.Url = broker.Url;
                options.Enabled = true;
            }
        });
        var configuration = settings.Reader.Configuration;
        var grades = configuration.GetValue($"{GradingOptions.Section}:{nameof(GradingOptions.Enabled)}", defaultValue: true);
        builder.Services.AddGradingSettings(configuration);
        if (settings.Roles.Contains("server"))
        {
            builder.Services.AddWarrenCoordinator(coordinator =>
            {
                coordinator
                    .UseStore(settings.Store.Address)
                    .Configure(options => options.BrokerIdentity ??= broker is null ? null : $"embedded {settings.Data}");
                if (grades)
                    coordinator.AddContract<GradingContract>();
            });
        }
        if (settings.Roles.Contains("worker"))
        {
            var worker = builder.Services.AddWarrenWorker().AddTextStats().AddProcesses(configuration);
            if (grades)
                worker.AddGrading(configuration);
        }
        if (settings.Roles.Contains("server"))
        {
            // After the worker: services are told to stop in the other order, and the door closes before the worker stops.
            builder.Services.AddSingleton(new ServerSetup
            {
                BrokerChosenBy = settings.Broker.ChosenBy, StoreChosenBy = settings.Store.ChosenBy, IsBrokerEmbedded = broker is not null,
            });
            builder.Services.AddWarrenServer();
        }
        else
        {
            // Kestrel that is told of no address takes port 5000, and the second worker of a machine could not start.
            builder.Services.AddSingleton<IServer, NoServer>();
        }

        builder.WebHost.ConfigureKestrel((_, kestrel) =>
        {
            if (!settings.Roles.Contains("server"))
                return;
            var listen = kestrel.ApplicationServices.GetRequiredService<IOptions<ServerOptions>>().Value.Listen;
            if (ServerOptionsSetup.TryReadListen(listen, out var endPoint))
                kestrel.Listen(endPoint);
        });
        var app = builder.Build();
        if (settings.Roles.Contains("server"))
            app.MapWarren();
        return app;
    }

    /// <summary>Serves nothing, for a process without the role server.</summary>
    private sealed class NoServer : IServer
    {
        public IFeatureCollection Features { get; } = new FeatureCollection();

        public Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
            where TContext : notnull => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public void Dispose()
        {
            // There is nothing to let go.
        }
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
