using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Warren.TestKit;

/// <summary>A web server on this machine that answers as a test says.</summary>
public sealed class FileServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _requests;

    private FileServer(WebApplication app) => _app = app;

    /// <summary>Its address with its port.</summary>
    public string Host { get; private set; } = "";

    /// <summary>How many requests came.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>The headers of the last request.</summary>
    public Dictionary<string, string>? LastHeaders { get; private set; }

    /// <summary>Starts one.</summary>
    public static async Task<FileServer> StartAsync(RequestDelegate answer, IPAddress? address = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(address ?? IPAddress.Loopback, 0));
        var app = builder.Build();
        var server = new FileServer(app);
        app.Run(context =>
        {
            Interlocked.Increment(ref server._requests);
            server.LastHeaders = context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString());
            return answer(context);
        });
        await app.StartAsync();
        server.Host = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Authority;
        return server;
    }

    /// <summary>A URL of it.</summary>
    public string Url(string path = "/a.mp3") => $"http://{Host}{path}";

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }
}
