using System.Globalization;
using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;

namespace Warren.Broker.Connections;

/// <summary>Who is let in and with which limits: the decisions of the handshake, in RabbitMQ's words, without any I/O.</summary>
internal sealed class Admission(BrokerOptions options, Users users, Func<string, bool> hasVirtualHost)
{
    private int _open;

    /// <summary>The limits that are proposed to every client.</summary>
    public ConnectionTune Offer { get; } = new((ushort)options.ChannelMax, (uint)options.FrameMax, (ushort)options.Heartbeat.TotalSeconds);

    /// <summary>The connections that are open now.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Logs a user in.</summary>
    /// <exception cref="LoginRefusedException">The name or password is wrong, or the user may not come from there.</exception>
    /// <exception cref="AmqpException">The mechanism is unknown, or the response is not one of it.</exception>
    public User LogIn(string mechanism, ReadOnlySpan<byte> response, ConnectionEnds ends)
    {
        var (name, password) = Sasl.Read(mechanism, response);
        if (password.Length == 0)
            throw new LoginRefusedException(mechanism, $"user '{name}' attempted to log in with a blank password");
        if (users.LogIn(name, password) is not { } user)
            throw new LoginRefusedException(mechanism, $"user '{name}' - invalid credentials");
        if (user.IsLoopbackOnly && !ends.IsLoopback)
            throw new LoginRefusedException(mechanism, $"user '{name}' can only connect via localhost");
        return user;
    }

    /// <summary>Takes the limits a client has chosen; zero is no limit, and then above every one that was proposed.</summary>
    /// <exception cref="AmqpException">530: a limit is above the offer, or too low to speak with.</exception>
    public SessionLimits Negotiate(ConnectionTuneOk chosen)
    {
        Check("frame_max", chosen.FrameMax, Frame.MinimumMaxSize, options.FrameMax, zero: "");
        Check("channel_max", chosen.ChannelMax, 1, options.ChannelMax, zero: " (no limit)");
        // A client may want any heartbeat, whatever was proposed.
        return new((int)chosen.FrameMax, chosen.ChannelMax, TimeSpan.FromSeconds(chosen.Heartbeat));
    }

    /// <summary>Lets a user into a virtual host; it counts as open until <see cref="Leave"/>.</summary>
    /// <exception cref="AmqpException">530: there are too many connections, no such virtual host, or no permission for it.</exception>
    public void Enter(User user, string virtualHost)
    {
        if (!hasVirtualHost(virtualHost))
            throw NotAllowed($"vhost {virtualHost} not found");
        if (!user.CanEnter(virtualHost))
            throw NotAllowed($"access to vhost '{virtualHost}' refused for user '{user.Name}'");
        if (Interlocked.Increment(ref _open) <= options.MaxConnections)
            return;
        Leave();
        throw NotAllowed($"connection refused for user '{user.Name}': node connection limit ({options.MaxConnections}) is reached");
    }

    /// <summary>An open connection has ended.</summary>
    public void Leave() => Interlocked.Decrement(ref _open);

    private static void Check(string limit, long chosen, long least, long most, string zero)
    {
        if (chosen != 0 && chosen < least)
            throw NotAllowed(string.Create(CultureInfo.InvariantCulture, $"negotiated {limit} = {chosen} is lower than the minimum allowed value ({least})"));
        if (chosen == 0 || chosen > most)
        {
            throw NotAllowed(string.Create(
                CultureInfo.InvariantCulture, $"negotiated {limit} = {chosen}{(chosen == 0 ? zero : "")} is higher than the maximum allowed value ({most})"));
        }
    }

    private static AmqpException NotAllowed(string text) => AmqpException.Connection(ReplyCode.NotAllowed, text);
}

/// <summary>A login failed; the message is for the broker's log, since a stranger learns no more than that.</summary>
internal sealed class LoginRefusedException(string mechanism, string reason) : Exception($"{mechanism} login refused: {reason}")
{
    /// <summary>What the client is told, if it can hear it.</summary>
    public AmqpException Answer { get; } = AmqpException.Connection(
        ReplyCode.AccessRefused, $"Login was refused using authentication mechanism {mechanism}. For details see the broker logfile.");
}
