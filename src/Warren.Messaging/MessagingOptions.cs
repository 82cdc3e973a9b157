using System.ComponentModel.DataAnnotations;
using System.Text.Json;

namespace Warren.Messaging;

/// <summary>The settings of a bus: section <c>Warren:Messaging</c>. docs/reference/configuration.md lists them with their sources.</summary>
public sealed class MessagingOptions
{
    /// <summary>
    /// The broker: <c>amqp://user:password@host:port/vhost</c>, <c>amqps://</c> for TLS. Several hosts are separated by commas and
    /// tried in random order. No path, <c>/</c> and <c>//</c> all mean the virtual host <c>/</c>. There is no default.
    /// </summary>
    public string? Url { get; set; }

    /// <summary>Whether messaging is on. If false the bus does nothing (<see cref="NoOpMessageBus"/>). The default is on if a broker is named.</summary>
    public bool? Enabled { get; set; }

    /// <summary>RabbitMQ's management API, such as <c>http://localhost:15672</c>, for what AMQP cannot answer. The default is none.</summary>
    public string? ManagementUrl { get; set; }

    /// <summary>The name of this connection in the broker's lists. The default is the program's name.</summary>
    public string? ClientName { get; set; }

    /// <summary>How often a first connection made in code tries before it gives up. The default is 5, with 1, 2, 4 and 8 seconds between.</summary>
    [Range(1, 1000)]
    public int ConnectAttempts { get; set; } = 5;

    /// <summary>How long one attempt to connect may take. The default is 30 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest pause between attempts to reconnect; they never end. The default is 30 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan ReconnectMaxDelay { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The heartbeat interval asked of the broker; a peer silent for two of them is taken for dead. The default is 30 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a publish waits for its confirm, over reconnects. The default is 30 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "1.00:00:00")]
    public TimeSpan PublishTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How many messages may be in flight without a confirm, per connection; the next ones wait in order. The default is 1024.</summary>
    [Range(1, 65536)]
    public int PublishWindow { get; set; } = 1024;

    /// <summary>
    /// How many connections publish. The default is 1. Two are faster on quorum queues, but messages published without awaiting each
    /// other may then change their order.
    /// </summary>
    [Range(1, 16)]
    public int PublishConnections { get; set; } = 1;

    /// <summary>The largest body, in bytes on the wire. The default is 16 MiB, RabbitMQ 4's limit.</summary>
    [Range(1, 512 * 1024 * 1024)]
    public int MaxMessageBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>How long a request waits for its reply if the call names no timeout. The default is 30 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "1.00:00:00")]
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How replies to requests come back. The default is direct reply-to.</summary>
    public ReplyQueueKind ReplyQueue { get; set; } = ReplyQueueKind.DirectReplyTo;

    /// <summary>How long a stopping consumer waits for its running handlers, and a disposed bus for its confirms. The default is 30 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan ShutdownTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often the watchdog proves that each consumer is alive. The default is 30 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan WatchdogInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Compression of bodies.</summary>
    public CompressionOptions Compression { get; set; } = new();

    /// <summary>Encryption of bodies.</summary>
    public EncryptionOptions Encryption { get; set; } = new();

    /// <summary>TLS, for <c>amqps://</c>.</summary>
    public TlsOptions Tls { get; set; } = new();

    /// <summary>
    /// How JSON is written and read. The default writes snake_case, as the Python and Node services on the same broker do, and reads
    /// names in any letter case. Set a <c>TypeInfoResolver</c> for source generation. Not a configuration key.
    /// </summary>
    public JsonSerializerOptions Json { get; set; } = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Serializers for other media types; the first one that can write is used if a message names no media type. Not a configuration key.</summary>
    public IList<Content.IMessageSerializer> Serializers { get; } = [];
}

/// <summary>How replies to requests come back.</summary>
public enum ReplyQueueKind
{
    /// <summary>RabbitMQ's direct reply-to: no queue is made.</summary>
    DirectReplyTo,

    /// <summary>An exclusive queue per client: faster with very many requests in flight, works on brokers without direct reply-to.</summary>
    Exclusive,
}

/// <summary>Compression of bodies. What others compressed with gzip or brotli is always read.</summary>
public sealed class CompressionOptions
{
    /// <summary>The algorithm, or none. The default is none.</summary>
    public CompressionAlgorithm Algorithm { get; set; } = CompressionAlgorithm.None;

    /// <summary>Bodies from this size on are compressed, in bytes. The default is 1024.</summary>
    [Range(0, int.MaxValue)]
    public int Threshold { get; set; } = 1024;

    /// <summary>The largest body that is decompressed, in bytes; a larger one is a dead letter. The default is 64 MiB.</summary>
    [Range(1, int.MaxValue)]
    public int MaxDecompressedBytes { get; set; } = 64 * 1024 * 1024;
}

/// <summary>How bodies are compressed.</summary>
public enum CompressionAlgorithm
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>gzip (RFC 1952).</summary>
    Gzip,

    /// <summary>Brotli (RFC 7932).</summary>
    Brotli,
}

/// <summary>Encryption of bodies with AES-256-GCM. Properties and headers stay readable.</summary>
public sealed class EncryptionOptions
{
    /// <summary>The key ring: 32 bytes in Base64 by key id. Every key decrypts.</summary>
    public IDictionary<string, string> Keys { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The id of the key that encrypts. Without it nothing is encrypted. To rotate: add a key everywhere, then name it here.</summary>
    public string? KeyId { get; set; }

    /// <summary>Whether an unencrypted message is refused as a dead letter. The default is false.</summary>
    public bool Required { get; set; }
}

/// <summary>TLS of the connection. The server's certificate is always validated.</summary>
public sealed class TlsOptions
{
    /// <summary>The name expected in the server's certificate. The default is the host's name.</summary>
    public string? ServerName { get; set; }

    /// <summary>A PEM file with the authorities to trust instead of the system's. The default is the system's.</summary>
    public string? CertificateAuthorityFile { get; set; }

    /// <summary>A PEM file with the client's certificate, for mutual TLS.</summary>
    public string? CertificateFile { get; set; }

    /// <summary>A PEM file with the client's key. The default is <see cref="CertificateFile"/>.</summary>
    public string? CertificateKeyFile { get; set; }
}
