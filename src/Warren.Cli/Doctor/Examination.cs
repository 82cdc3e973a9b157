using System.Diagnostics;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using Warren.Messaging.Connections;

namespace Warren.Cli.Doctor;

/// <summary>
/// Looks at a broker over one connection of its own, with the settings a bus would have. What it makes there is exclusive to that
/// connection and goes with it.
/// </summary>
internal sealed class Examination(BrokerSettings settings, IReadOnlyList<string> queues)
{
    private static readonly TimeSpan Goodbye = TimeSpan.FromSeconds(2);
    private readonly List<Check> _checks = [];

    /// <summary>What was looked at so far.</summary>
    public IReadOnlyList<Check> Checks => _checks;

    /// <summary>Looks at everything and returns the exit code.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        IConnection connection;
        var start = Stopwatch.GetTimestamp();
        try
        {
            connection = await OpenAsync(cancellationToken);
        }
        catch (Exception error) when (error is BrokerUnreachableException or RabbitMQClientException or TimeoutException or IOException)
        {
            _checks.Add(new Check(
                "connection", CheckStatus.Fail, $"could not connect to {settings.Address} ({settings.ChosenBy}): {ConnectionErrors.Reason(error)}",
                ConnectionErrors.Remedy(error, settings.Address)));
            return ConnectionErrors.IsRefusal(error) ? ExitCode.Refused : ExitCode.Unreachable;
        }

        try
        {
            _checks.Add(new Check(
                "connection", CheckStatus.Ok,
                FormattableString.Invariant($"{settings.Address} ({settings.ChosenBy}), in {Stopwatch.GetElapsedTime(start).TotalMilliseconds:0} ms")));
            await LookAsync(connection, cancellationToken);
        }
        catch (Exception error) when (error is RabbitMQClientException or TimeoutException or IOException or ObjectDisposedException)
        {
            _checks.Add(new Check(
                "connection", CheckStatus.Fail, $"the connection to {settings.Address} was lost or stalled: {ConnectionErrors.Reason(error)}",
                "Look at the broker's log, and at what stands between here and there."));
            return ExitCode.Unreachable;
        }
        finally
        {
            // A blocked connection is not read from at the other side; it must not hold up the end.
            await connection.CloseAsync(Constants.ReplySuccess, "Goodbye", Goodbye, abort: true, CancellationToken.None);
            await connection.DisposeAsync();
        }

        return _checks.Exists(check => check.Status == CheckStatus.Fail) ? ExitCode.Failed : ExitCode.Ok;
    }

    private async Task<IConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var factory = ConnectionFactories.Create(settings.Options, settings.Address);
        using var timeout = new CancellationTokenSource(settings.Options.ConnectTimeout, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            var connection = await factory.CreateConnectionAsync(
                ConnectionFactories.Endpoints(settings.Options, settings.Address), "warren doctor", either.Token);
            return await ProvenAsync(connection, either.Token);
        }
        catch (Exception error) when (ConnectionErrors.IsTimeout(error) && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException(FormattableString.Invariant($"no answer within {settings.Options.ConnectTimeout.TotalSeconds:0.###} s"), error);
        }
    }

    // The client does not wait for connection.open-ok, so that a virtual host is refused shows only with the next answer: to a channel.
    private static async Task<IConnection> ProvenAsync(IConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private async Task LookAsync(IConnection connection, CancellationToken cancellationToken)
    {
        var version = ServerVersion.From(connection.ServerProperties);
        _checks.AddRange(version.Judge(settings.Options));
        _checks.Add(Heartbeat(connection));
        if (Guest() is { } guest)
            _checks.Add(guest);
        // Before anything is published: from then on a broker with an alarm no longer reads from this connection.
        var look = new QueueLook(connection, version);
        _checks.AddRange(await look.AtTheLadderAsync(cancellationToken));
        _checks.AddRange(await look.AtWarrenAsync(cancellationToken));
        foreach (var queue in queues)
            _checks.AddRange(await look.AtAsync(queue, cancellationToken));
        await foreach (var check in new RoundTrip(connection, settings.Address).RunAsync(cancellationToken))
            _checks.Add(check);
    }

    private Check Heartbeat(IConnection connection)
    {
        var asked = settings.Options.Heartbeat;
        var agreed = connection.Heartbeat;
        return agreed == TimeSpan.Zero
            ? new Check("heartbeat", CheckStatus.Warn, "none: the broker has switched heartbeats off", "A dead peer is then noticed only when TCP gives up, which takes minutes: set heartbeat on the broker.")
            : new Check("heartbeat", CheckStatus.Ok, FormattableString.Invariant($"every {agreed.TotalSeconds:0} s (asked for {asked.TotalSeconds:0} s)"));
    }

    private Check? Guest() =>
        settings.Address.User == "guest" && !settings.Address.Hosts.All(host => ConnectionErrors.IsLoopback(host.Host))
            ? new Check(
                "user", CheckStatus.Warn, $"guest, over the network to {settings.Address.Hosts[0].Host}",
                "RabbitMQ lets guest in from its own host only, unless loopback_users was emptied: make a user of its own, with a password.")
            : null;
}
