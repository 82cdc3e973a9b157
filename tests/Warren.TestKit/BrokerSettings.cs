namespace Warren.TestKit;

/// <summary>What a broker of one test is started with, whichever broker it is.</summary>
public sealed class BrokerSettings
{
    /// <summary>The largest message in bytes. The default is the broker's own.</summary>
    public long? MaxMessageSize { get; init; }

    /// <summary>Where it takes TLS connections besides the plain ones. The default is nowhere.</summary>
    public BrokerTls? Tls { get; init; }
}

/// <summary>A port for TLS, with files in PEM format.</summary>
/// <param name="Port">The port on 127.0.0.1.</param>
/// <param name="AuthorityFile">Who signed the certificates of clients; clients need not show one.</param>
/// <param name="CertificateFile">The broker's certificate.</param>
/// <param name="KeyFile">The key of that certificate.</param>
public sealed record BrokerTls(int Port, string AuthorityFile, string CertificateFile, string KeyFile);
