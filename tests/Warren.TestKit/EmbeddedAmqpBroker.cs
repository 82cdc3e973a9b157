using System.Security.Cryptography.X509Certificates;
using Warren.Broker;

namespace Warren.TestKit;

/// <summary>The embedded broker in the process of the tests, on a free port, with a data directory of its own.</summary>
public sealed class EmbeddedAmqpBroker : IControllableBroker
{
    private readonly EmbeddedBroker _broker;
    private readonly X509Certificate2? _certificate;
    private readonly string _data;
    private int _virtualHosts;

    private EmbeddedAmqpBroker(EmbeddedBroker broker, X509Certificate2? certificate, string data)
    {
        _broker = broker;
        _certificate = certificate;
        _data = data;
    }

    /// <inheritdoc/>
    public string Url => _broker.Url;

    /// <inheritdoc/>
    public int Port => _broker.EndPoints[0].Port;

    /// <summary>Starts a broker and returns when it takes connections.</summary>
    public static async Task<EmbeddedAmqpBroker> StartAsync(BrokerSettings? settings = null, CancellationToken cancellationToken = default)
    {
        var data = Directory.CreateTempSubdirectory("warren-embedded-").FullName;
        var options = new BrokerOptions { Data = data };
        if (settings?.MaxMessageSize is { } bytes)
            options.MaxMessageSize = checked((int)bytes);
        if (settings?.Tls is { } tls)
        {
            options.ListenTls = [$"127.0.0.1:{tls.Port}"];
            options.Certificate = X509Certificate2.CreateFromPemFile(tls.CertificateFile, tls.KeyFile);
        }

        return new(await EmbeddedBroker.StartAsync(options, cancellationToken), options.Certificate, data);
    }

    /// <inheritdoc/>
    public async Task<string> NewVirtualHostAsync(CancellationToken cancellationToken = default)
    {
        var name = $"test-{Interlocked.Increment(ref _virtualHosts)}";
        await AddVirtualHostAsync(name, cancellationToken);
        return Url + name;
    }

    /// <inheritdoc/>
    public Task AddVirtualHostAsync(string name, CancellationToken cancellationToken = default) => _broker.CreateVirtualHostAsync(name, cancellationToken);

    /// <inheritdoc/>
    public Task DeleteVirtualHostAsync(string name, CancellationToken cancellationToken = default) => _broker.DeleteVirtualHostAsync(name, cancellationToken);

    /// <inheritdoc/>
    public Task AddUserAsync(
        string user,
        string password,
        string configure = ".*",
        string write = ".*",
        string read = ".*",
        string virtualHost = "/",
        CancellationToken cancellationToken = default)
    {
        var permissions = new BrokerPermissions { Configure = configure, Write = write, Read = read };
        _broker.AddUser(user, new() { Password = password, Permissions = new Dictionary<string, BrokerPermissions> { [virtualHost] = permissions } });
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task SetMemoryAlarmAsync(bool raised, CancellationToken cancellationToken = default)
    {
        _broker.Faults.SetMemoryAlarm(raised);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<int> CloseAllConnectionsAsync(string reason, string? virtualHost = null, CancellationToken cancellationToken = default) =>
        Task.FromResult(_broker.Faults.CloseConnections(virtualHost, reason));

    /// <inheritdoc/>
    public Task<int> CloseChannelsAsync(string virtualHost, bool consumingOnly = false, CancellationToken cancellationToken = default) =>
        Task.FromResult(_broker.Faults.CloseChannels(virtualHost, "unknown delivery tag 999999999", consumingOnly));

    /// <inheritdoc/>
    public Task<BrokerCounts> CountAsync(string? virtualHost = null, CancellationToken cancellationToken = default)
    {
        var snapshot = _broker.Snapshot();
        var connections = snapshot.Connections.Where(connection => virtualHost is null || connection.VirtualHost == virtualHost).ToList();
        var queues = Hosts(snapshot, virtualHost).SelectMany(host => host.Queues).ToList();
        return Task.FromResult(new BrokerCounts(
            connections.Count, connections.Sum(connection => connection.Channels.Count), queues.Count, queues.Sum(queue => queue.Consumers.Count)));
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<QueueSnapshot>> ListQueuesAsync(string? virtualHost = null, CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<QueueSnapshot>>(
        [
            .. from host in Hosts(_broker.Snapshot(), virtualHost)
               from queue in host.Queues
               select new QueueSnapshot(host.Name, queue.Name, queue.Type, queue.Ready, queue.Unacked, queue.Consumers.Count),
        ]);

    /// <summary>Stops the broker and deletes its data.</summary>
    public async ValueTask DisposeAsync()
    {
        await _broker.DisposeAsync();
        _certificate?.Dispose();
        Directory.Delete(_data, recursive: true);
    }

    private static IEnumerable<VirtualHostSnapshot> Hosts(BrokerSnapshot snapshot, string? virtualHost) =>
        snapshot.VirtualHosts.Where(host => virtualHost is null || host.Name == virtualHost);
}
