using System.Net;

namespace Warren.Broker;

/// <summary>What kept a broker from starting.</summary>
public enum BrokerStartFailure
{
    /// <summary>An option has a value it cannot have; the message names it.</summary>
    InvalidOptions,

    /// <summary>Another program listens on an address that was asked for.</summary>
    AddressInUse,

    /// <summary>An address that was asked for cannot be listened on: it is not of this machine, or its port is a privileged one.</summary>
    AddressUnusable,

    /// <summary>The data directory cannot be used: another process has it, it cannot be read or written, or a later version wrote it.</summary>
    DataUnusable,
}

/// <summary>The broker could not be started; the message says what was found and, for an option, what was expected.</summary>
public sealed class BrokerStartException : Exception
{
    /// <summary>A start that failed for this reason.</summary>
    public BrokerStartException(BrokerStartFailure reason, string message, Exception? innerException = null)
        : base(message, innerException)
    {
        Reason = reason;
    }

    /// <summary>What kept it from starting.</summary>
    public BrokerStartFailure Reason { get; }

    /// <summary>The address that is in use or unusable; null for other reasons.</summary>
    public IPEndPoint? EndPoint { get; init; }

    /// <summary>The AMQP broker that answers on an address in use, as <c>RabbitMQ 3.10</c>; null when none does.</summary>
    public string? Occupant { get; init; }
}
