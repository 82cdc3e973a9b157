namespace Warren.Broker.Tests.Suite;

/// <summary>The embedded broker of the test assembly: started by the first case that asks, shared by all, ended with the run.</summary>
public sealed class EmbeddedBrokerFixture : IAsyncLifetime
{
    private readonly SemaphoreSlim _starting = new(1, 1);
    private EmbeddedBroker? _broker;
    private int _virtualHosts;

    /// <summary>The broker, on a free port and a directory of its own.</summary>
    public async Task<EmbeddedBroker> BrokerAsync()
    {
        await _starting.WaitAsync();
        try
        {
            return _broker ??= await EmbeddedBroker.StartAsync(new BrokerOptions());
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>The AMQP URL of an empty virtual host.</summary>
    public async Task<string> NewVirtualHostAsync()
    {
        var broker = await BrokerAsync();
        var name = $"test-{Interlocked.Increment(ref _virtualHosts)}";
        await broker.CreateVirtualHostAsync(name);
        return new UriBuilder(broker.Url) { Path = name }.Uri.ToString();
    }

    /// <inheritdoc/>
    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_broker is not null)
            await _broker.DisposeAsync();
        _starting.Dispose();
    }
}

/// <summary>The embedded broker as a suite sees it.</summary>
public sealed class EmbeddedSuiteBroker(EmbeddedBrokerFixture fixture) : SuiteBroker
{
    /// <inheritdoc/>
    public override bool SaysWhyItEnds => true;

    /// <inheritdoc/>
    public override Task<string> UrlAsync() => fixture.NewVirtualHostAsync();

    /// <inheritdoc/>
    public override async Task AddUserAsync(string user, string virtualHost, string configure = ".*", string write = ".*", string read = ".*") =>
        (await fixture.BrokerAsync()).AddUser(
            user, new() { Password = user, Permissions = new Dictionary<string, BrokerPermissions> { [virtualHost] = new() { Configure = configure, Write = write, Read = read } } });

    /// <inheritdoc/>
    public override async Task AddUserWithoutPermissionsAsync(string user) => (await fixture.BrokerAsync()).AddUser(
            user, new() { Password = user, Permissions = new Dictionary<string, BrokerPermissions>() });

    /// <inheritdoc/>
    public override async Task SetMemoryAlarmAsync(bool raised) => (await fixture.BrokerAsync()).Faults.SetMemoryAlarm(raised);

    /// <inheritdoc/>
    public override async Task CloseConnectionsAsync(string virtualHost, string reason) =>
        (await fixture.BrokerAsync()).Faults.CloseConnections(virtualHost, reason);
}
