using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using RabbitMQ.Client;

namespace Warren.Messaging.Connections;

/// <summary>Turns settings into what RabbitMQ.Client connects with.</summary>
internal static class ConnectionFactories
{
    // The client closes the connection over a larger body, so it must not be stricter than any broker: RabbitMQ allows 512 MiB at most.
    private const uint LargestInbound = 512 * 1024 * 1024;

    /// <summary>A factory without the client's own recovery.</summary>
    public static ConnectionFactory Create(MessagingOptions options, BrokerAddress address) => new()
    {
        UserName = address.User,
        Password = address.Password,
        VirtualHost = address.VirtualHost,
        AutomaticRecoveryEnabled = false,
        TopologyRecoveryEnabled = false,
        RequestedHeartbeat = options.Heartbeat,
        RequestedConnectionTimeout = options.ConnectTimeout,
        HandshakeContinuationTimeout = options.ConnectTimeout,
        MaxInboundMessageBodySize = LargestInbound,
        SocketFactory = BrokerSocket.Create,
    };

    /// <summary>The hosts, which the client tries in random order.</summary>
    public static List<AmqpTcpEndpoint> Endpoints(MessagingOptions options, BrokerAddress address) =>
        [.. address.Hosts.Select(host => new AmqpTcpEndpoint(host.Host, host.Port, Tls(options.Tls, address, host.Host), LargestInbound))];

    private static SslOption Tls(TlsOptions tls, BrokerAddress address, string host)
    {
        if (!address.Tls)
            return new SslOption();
        var option = new SslOption(tls.ServerName ?? host, enabled: true) { AcceptablePolicyErrors = SslPolicyErrors.None };
        if (tls.CertificateFile is { } certificate)
            option.Certs = [X509Certificate2.CreateFromPemFile(certificate, tls.CertificateKeyFile ?? certificate)];
        if (tls.CertificateAuthorityFile is { } authorities)
        {
            var trusted = new X509Certificate2Collection();
            trusted.ImportFromPemFile(authorities);
            option.CertificateValidationCallback = (_, certificate, _, errors) => IsTrusted(certificate, errors, trusted);
        }
        return option;
    }

    // Everything but the chain must be in order, and the chain must end at one of the given authorities.
    private static bool IsTrusted(X509Certificate? certificate, SslPolicyErrors errors, X509Certificate2Collection authorities)
    {
        if (certificate is null || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != SslPolicyErrors.None)
            return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        using var leaf = new X509Certificate2(certificate);
        return chain.Build(leaf);
    }
}
