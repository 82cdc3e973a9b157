using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Warren.Broker.Storage;

namespace Warren.Broker;

/// <summary>Where an embedded broker listens, what it keeps, who may enter, and its limits; read once, when it starts.</summary>
public sealed class BrokerOptions
{
    /// <summary>
    /// Where AMQP connections are taken: <c>ADDRESS:PORT</c>, <c>[::1]:PORT</c>, <c>localhost:PORT</c> or <c>*:PORT</c> for every
    /// address of the machine. Port 0 takes a free one. The default is a free port of 127.0.0.1.
    /// </summary>
    public IList<string> Listen { get; set; } = ["127.0.0.1:0"];

    /// <summary>Where AMQP connections with TLS are taken, in the form of <see cref="Listen"/>. The default is nowhere.</summary>
    public IList<string> ListenTls { get; set; } = [];

    /// <summary>The certificate, with its private key, that the broker shows on <see cref="ListenTls"/>. The default is none.</summary>
    public X509Certificate2? Certificate { get; set; }

    /// <summary>
    /// The directory in which durable exchanges, queues and messages are kept; it is made when it is missing, and one broker at a time
    /// uses it. The default is null: everything is in memory and gone when the broker stops.
    /// </summary>
    public string? Data { get; set; }

    /// <summary>Who may log in, by name. The default is the user <c>guest</c> with the password <c>guest</c> who may do everything.</summary>
    public IDictionary<string, BrokerUser> Users { get; set; } = new Dictionary<string, BrokerUser> { ["guest"] = new() { Password = "guest" } };

    /// <summary>The users who are let in from this machine only. The default is <c>guest</c>.</summary>
    public IList<string> LoopbackUsers { get; set; } = ["guest"];

    /// <summary>The virtual hosts that exist from the start, besides those kept in <see cref="Data"/>. The default is <c>/</c>.</summary>
    public IList<string> VirtualHosts { get; set; } = ["/"];

    /// <summary>The largest frame in bytes, from 4096. The default is 131,072.</summary>
    public int FrameMax { get; set; } = 131_072;

    /// <summary>The most channels of one connection, from 1 to 65,535. The default is 2,047.</summary>
    public int ChannelMax { get; set; } = 2_047;

    /// <summary>The heartbeat that is proposed to clients, in whole seconds up to 65,535; zero proposes none. The default is 60 seconds.</summary>
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a client may take from connecting to the opening of a virtual host. The default is 10 seconds.</summary>
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The most open connections; further ones are refused with <c>connection.close</c> 530. The default is 10,000.</summary>
    public int MaxConnections { get; set; } = 10_000;

    /// <summary>The largest message in bytes, up to 512 MiB. The default is 134,217,728 (128 MiB).</summary>
    public int MaxMessageSize { get; set; } = 134_217_728;

    /// <summary>The most deliveries a channel holds unsettled, whatever prefetch it asks for; it gets no more until it settles some. The default is 1,000,000.</summary>
    public int MaxUnackedMessages { get; set; } = 1_000_000;

    /// <summary>The process's memory in bytes above which publishers are blocked. The default is null: 40 % of what the machine or container has.</summary>
    public long? MemoryLimit { get; set; }

    /// <summary>The free disk space of <see cref="Data"/> in bytes below which publishers are blocked. The default is 50,000,000.</summary>
    public long DiskFreeLimit { get; set; } = 50_000_000;

    /// <summary>The clock of expiries, heartbeats and timeouts. The default is the system's.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Where the broker logs. The default is nowhere.</summary>
    public ILoggerFactory LoggerFactory { get; set; } = NullLoggerFactory.Instance;

    /// <summary>How files are opened; tests put one here that fails.</summary>
    internal OpenLogFile OpenFile { get; set; } = LogFile.Open;
}
