using System.Net.Sockets;
using System.Security.Authentication;
using RabbitMQ.Client.Exceptions;

namespace Warren.Messaging.Connections;

/// <summary>Says why a broker could not be reached, and which setting to look at.</summary>
internal static class ConnectionErrors
{
    /// <summary>The error for a caller: host, virtual host, cause and remedy.</summary>
    public static ConnectionFailedException Explain(Exception error, BrokerAddress address, int attempts)
    {
        var tries = attempts == 1 ? "1 attempt" : $"{attempts} attempts";
        return new ConnectionFailedException($"Could not connect to {address} in {tries}: {Reason(error)}. {Remedy(error, address)}", error);
    }

    /// <summary>The innermost cause in one sentence.</summary>
    public static string Reason(Exception error) => Find<OperationInterruptedException>(error) is { ShutdownReason: { } closed }
        ? $"{closed.ReplyCode} {closed.ReplyText}"
        : (Find<TimeoutException>(error) ?? Innermost(error)).Message.TrimEnd('.');

    /// <summary>Whether an error comes from a connection that is going down, not from the message.</summary>
    public static bool IsOfTheConnection(Exception error) => error is
        OperationInterruptedException or AlreadyClosedException or IOException or OperationCanceledException
        or ObjectDisposedException or TimeoutException or System.Threading.Channels.ChannelClosedException;

    /// <summary>Whether an error only says that a channel or its connection is gone, or silent, which is no error to who lets go of it.</summary>
    public static bool IsOfTheEnd(Exception error) => error is RabbitMQClientException || IsOfTheConnection(error);

    /// <summary>Whether an attempt to connect ended because nobody answered in time.</summary>
    public static bool IsTimeout(Exception error) => Innermost(error) is OperationCanceledException or TimeoutException;

    /// <summary>Whether a broker was there and would not let us in.</summary>
    public static bool IsRefusal(Exception error) =>
        Find<AuthenticationFailureException>(error) is not null || Find<PossibleAuthenticationFailureException>(error) is not null
        || Find<OperationInterruptedException>(error) is { ShutdownReason.ReplyCode: 403 or 530 };

    /// <summary>What to look at, in one sentence.</summary>
    public static string Remedy(Exception error, BrokerAddress address)
    {
        if (Find<AuthenticationFailureException>(error) is not null || Find<PossibleAuthenticationFailureException>(error) is not null)
        {
            return address.User == "guest" && !address.Hosts.All(host => IsLoopback(host.Host))
                ? "RabbitMQ lets the user guest in from its own host only: make another user and put it into Warren:Messaging:Url (RABBITMQ_USER, RABBITMQ_PASSWORD)."
                : "Check user and password in Warren:Messaging:Url (RABBITMQ_USER, RABBITMQ_PASSWORD).";
        }
        if (Find<OperationInterruptedException>(error) is { ShutdownReason: { } closed })
        {
            return closed.ReplyCode is 530 or 403
                ? $"Check that the virtual host \"{address.VirtualHost}\" exists and that {address.User} may use it (the path of Warren:Messaging:Url, RABBITMQ_VHOST)."
                : "The broker's log says more.";
        }
        if (Find<AuthenticationException>(error) is not null)
            return "Check Warren:Messaging:Tls: the server's certificate must be valid for the host and signed by a trusted authority.";
        return Find<SocketException>(error)?.SocketErrorCode switch
        {
            SocketError.ConnectionRefused => "Nothing listens there: check that RabbitMQ runs, and host and port in Warren:Messaging:Url (RABBITMQ_HOST, RABBITMQ_PORT).",
            SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData => "The host is not known: check it in Warren:Messaging:Url (RABBITMQ_HOST).",
            _ => "Check Warren:Messaging:Url (RABBITMQ_HOST, RABBITMQ_PORT), and amqps:// against amqp://, the ports 5671 and 5672.",
        };
    }

    /// <summary>Whether a host is this machine, by its name or address.</summary>
    public static bool IsLoopback(string host) =>
        host is "localhost" || (System.Net.IPAddress.TryParse(host, out var ip) && System.Net.IPAddress.IsLoopback(ip));

    private static T? Find<T>(Exception? error) where T : Exception => error switch
    {
        null => null,
        T found => found,
        AggregateException many => many.InnerExceptions.Select(Find<T>).FirstOrDefault(found => found is not null),
        _ => Find<T>(error.InnerException),
    };

    private static Exception Innermost(Exception error)
    {
        while (true)
        {
            if (error is AggregateException { InnerExceptions.Count: > 0 } many)
                error = many.InnerExceptions[^1];
            else if (error.InnerException is { } inner)
                error = inner;
            else
                return error;
        }
    }
}
