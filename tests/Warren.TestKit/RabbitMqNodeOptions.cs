namespace Warren.TestKit;

/// <summary>What a private RabbitMQ node is started with.</summary>
public sealed class RabbitMqNodeOptions
{
    /// <summary>After how long an unacknowledged delivery closes its channel. The default is the server's own, 30 minutes.</summary>
    /// <remarks>The server looks once per <c>channel_tick_interval</c>, 60 s by itself; a node with this option ticks every second.</remarks>
    public TimeSpan? ConsumerTimeout { get; init; }

    /// <summary>The part of the machine's memory above which publishers are blocked. The default is the server's own.</summary>
    public double? VmMemoryHighWatermark { get; init; }

    /// <summary>Free disk space in bytes below which publishers are blocked. The default is 1 MB, so that a full disk of a laptop stops no test.</summary>
    public long DiskFreeLimit { get; init; } = 1_000_000;

    /// <summary>Plugins to enable, for example <c>rabbitmq_management</c>. The default is none, which starts fastest.</summary>
    public IReadOnlyList<string> Plugins { get; init; } = [];

    /// <summary>Lines for <c>rabbitmq.conf</c>. The default is none, which starts faster.</summary>
    public IReadOnlyList<string> Configuration { get; init; } = [];

    /// <summary>How long a start may take. The default is two minutes.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>The options of a node with <paramref name="settings"/>.</summary>
    public static RabbitMqNodeOptions From(BrokerSettings settings)
    {
        List<string> lines = [];
        if (settings.MaxMessageSize is { } bytes)
            lines.Add($"max_message_size = {bytes}");
        if (settings.Tls is { } tls)
        {
            lines.AddRange(
            [
                $"listeners.ssl.1 = 127.0.0.1:{tls.Port}",
                $"ssl_options.cacertfile = {tls.AuthorityFile}",
                $"ssl_options.certfile = {tls.CertificateFile}",
                $"ssl_options.keyfile = {tls.KeyFile}",
                "ssl_options.verify = verify_peer",
                "ssl_options.fail_if_no_peer_cert = false",
            ]);
        }

        return new() { Configuration = lines };
    }
}
