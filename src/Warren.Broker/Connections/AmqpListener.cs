using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Warren.Broker.Connections;

/// <summary>
/// The broker's own Kestrel: its end points, TLS, and the connections below. An application's Kestrel would start too late, after the
/// services that need a broker, and stop too early.
/// </summary>
internal sealed class AmqpListener : IAsyncDisposable
{
    private const int MostUnread = 1024 * 1024;
    private const int MostUnsent = 1024 * 1024;

    private readonly WebApplication _services;
    private readonly IServer _kestrel;
    private readonly List<ListenOptions> _endPoints;
    private bool _stopped;

    private AmqpListener(WebApplication services, List<ListenOptions> endPoints)
    {
        _services = services;
        _kestrel = services.Services.GetRequiredService<IServer>();
        _endPoints = endPoints;
    }

    /// <summary>Where it listens, with the ports that were chosen; those with TLS come last.</summary>
    public IReadOnlyList<IPEndPoint> EndPoints => [.. _endPoints.Select(options => options.IPEndPoint!)];

    /// <summary>Listens on all end points of the options.</summary>
    /// <exception cref="BrokerStartException">One of them is in use or cannot be used.</exception>
    public static async Task<AmqpListener> StartAsync(BrokerOptions options, ConnectionHandler handler, CancellationToken cancellationToken)
    {
        var plain = Parse(options.Listen);
        var encrypted = Parse(options.ListenTls);
        var endPoints = new List<ListenOptions>();

        // Only the services Kestrel needs are taken from it: nothing is read from the surroundings, and no signal is listened to.
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddSingleton(options.LoggerFactory);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().UseSockets(sockets =>
        {
            sockets.MaxReadBufferSize = MostUnread;
            sockets.MaxWriteBufferSize = MostUnsent;
            // Inline scheduling stays off: it took no less of the processor, and work done there holds up all sockets of the thread.
            sockets.UnsafePreferInlineScheduling = false;
        });
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            foreach (var endPoint in plain)
                kestrel.Listen(endPoint, listen => Serve(listen, certificate: false));
            foreach (var endPoint in encrypted)
                kestrel.Listen(endPoint, listen => Serve(listen, certificate: true));
        });

        var listener = new AmqpListener(builder.Build(), endPoints);
        try
        {
            await listener._kestrel.StartAsync(new NoHttp(), cancellationToken);
            return listener;
        }
        catch (Exception error)
        {
            await listener.DisposeAsync();
            if (error is IOException { InnerException: AddressInUseException })
                throw await PortOccupant.DescribeAsync([.. plain, .. encrypted], error, options.TimeProvider, cancellationToken);
            if (error is SocketException)
                throw new BrokerStartException(BrokerStartFailure.AddressUnusable, $"{Text(plain, encrypted)} cannot be listened on: {error.Message}.", error);
            throw;
        }

        void Serve(ListenOptions listen, bool certificate)
        {
            endPoints.Add(listen);
            // Kestrel puts HTTP behind every end point; the handler ends the chain before it.
            listen.Protocols = HttpProtocols.Http1;
            if (certificate)
                listen.UseHttps(options.Certificate!);
            listen.Run(handler.OnConnectedAsync);
        }
    }

    /// <summary>Takes no more connections and waits for those that are open; they are told that it ends, and cut off when the token is canceled.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_stopped)
            return;
        _stopped = true;
        await _kestrel.StopAsync(cancellationToken);
    }

    /// <summary>Stops at once, if it was not stopped.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(new CancellationToken(canceled: true));
        await _services.DisposeAsync();
    }

    private static List<IPEndPoint> Parse(IList<string> addresses) =>
        [.. addresses.Select(address => ListenAddress.TryParse(address, out var endPoint) ? endPoint : throw new ArgumentException($"'{address}' is no address."))];

    private static string Text(List<IPEndPoint> plain, List<IPEndPoint> encrypted) => string.Join(", ", plain.Concat(encrypted));

    /// <summary>The application Kestrel must have, and never reaches.</summary>
    private sealed class NoHttp : IHttpApplication<object>
    {
        public object CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

        public Task ProcessRequestAsync(object context) => Task.CompletedTask;

        public void DisposeContext(object context, Exception? exception)
        {
            // There is nothing to give back.
        }
    }
}
