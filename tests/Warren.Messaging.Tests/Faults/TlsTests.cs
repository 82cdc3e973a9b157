using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Warren.TestKit;

namespace Warren.Messaging.Tests.Faults;

/// <summary>A broker behind TLS with a certificate of a private authority, for the host <c>localhost</c> only.</summary>
[Trait("Category", "Service")]
public sealed class TlsTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("warren-tls-").FullName;
    private IControllableBroker? _broker;
    private int _port;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Authority => Path.Combine(_directory, "authority.pem");

    public async ValueTask InitializeAsync()
    {
        WriteCertificates();
        _port = await ClosedPort.GetAsync();
        _broker = await RabbitMqFixture.StartBrokerAsync(
            new() { Tls = new(_port, Authority, Path.Combine(_directory, "server.pem"), Path.Combine(_directory, "server.key")) }, Token);
    }

    public async ValueTask DisposeAsync()
    {
        if (_broker is not null)
            await _broker.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task A_certificate_counts_only_if_its_authority_is_trusted_and_its_name_is_the_host_s()
    {
        await ReachesAsync("localhost", tls => tls.CertificateAuthorityFile = Authority);
        await ReachesAsync("127.0.0.1", tls => (tls.CertificateAuthorityFile, tls.ServerName) = (Authority, "localhost"));
        await ReachesAsync("localhost", tls => (tls.CertificateAuthorityFile, tls.CertificateFile, tls.CertificateKeyFile) =
            (Authority, Path.Combine(_directory, "client.pem"), Path.Combine(_directory, "client.key")));

        await IsRefusedAsync("localhost", _ => { });
        await IsRefusedAsync("127.0.0.1", tls => tls.CertificateAuthorityFile = Authority);
        await IsRefusedAsync("localhost", tls => (tls.CertificateAuthorityFile, tls.ServerName) = (Authority, "other.example"));
        await IsRefusedAsync("localhost", tls => tls.CertificateAuthorityFile = Path.Combine(_directory, "stranger.pem"));
    }

    [Fact]
    public async Task Plain_text_to_a_tls_port_names_the_schemes()
    {
        var failed = await Assert.ThrowsAsync<ConnectionFailedException>(() => ConnectAsync($"amqp://guest:guest@127.0.0.1:{_port}/", _ => { }));

        Assert.EndsWith(
            "Check Warren:Messaging:Url (RABBITMQ_HOST, RABBITMQ_PORT), and amqps:// against amqp://, the ports 5671 and 5672.", failed.Message, StringComparison.Ordinal);
    }

    private static Task<MessageBus> ConnectAsync(string url, Action<TlsOptions> configure) => MessageBus.ConnectAsync(
        url,
        options =>
        {
            options.ConnectAttempts = 1;
            options.ConnectTimeout = TimeSpan.FromSeconds(20);
            configure(options.Tls);
        },
        cancellationToken: Token);

    private async Task ReachesAsync(string host, Action<TlsOptions> configure)
    {
        await using var bus = await ConnectAsync($"amqps://guest:guest@{host}:{_port}/", configure);
        Assert.NotNull(await bus.PublishAsync("amq.topic", "key", "text", cancellationToken: Token));
        // Nobody else is there: these are the bus's two, once the node has seen the last bus go.
        await Eventually.GetAsync(
            async () => (await _broker!.CountAsync(cancellationToken: Token)).Connections, count => count == 2, "the bus has its two connections");
    }

    private async Task IsRefusedAsync(string host, Action<TlsOptions> configure)
    {
        var failed = await Assert.ThrowsAsync<ConnectionFailedException>(() => ConnectAsync($"amqps://guest:guest@{host}:{_port}/", configure));
        Assert.StartsWith($"Could not connect to {host}:{_port}, virtual host \"/\", user guest in 1 attempt: ", failed.Message, StringComparison.Ordinal);
        Assert.EndsWith(
            "Check Warren:Messaging:Tls: the server's certificate must be valid for the host and signed by a trusted authority.", failed.Message, StringComparison.Ordinal);
    }

    private void WriteCertificates()
    {
        var from = TimeProvider.System.GetUtcNow().AddDays(-1);
        var until = from.AddDays(7);
        using var authority = MakeAuthority("authority");
        using var stranger = MakeAuthority("stranger");
        Issue("server", request =>
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName("localhost");
            request.CertificateExtensions.Add(names.Build());
        });
        Issue("client", _ => { });

        X509Certificate2 MakeAuthority(string name)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest($"CN=Test {name}", key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
            request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
            var certificate = request.CreateSelfSigned(from, until);
            File.WriteAllText(Path.Combine(_directory, $"{name}.pem"), certificate.ExportCertificatePem());
            return certificate;
        }

        void Issue(string name, Action<CertificateRequest> extend)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
            extend(request);
            using var certificate = request.Create(authority, from, until, RandomNumberGenerator.GetBytes(8));
            File.WriteAllText(Path.Combine(_directory, $"{name}.pem"), certificate.ExportCertificatePem());
            File.WriteAllText(Path.Combine(_directory, $"{name}.key"), key.ExportPkcs8PrivateKeyPem());
        }
    }
}
