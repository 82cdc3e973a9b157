using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Warren.Cli.Tests;

public sealed class BrokerTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("warren-cli-");

    public void Dispose() => _directory.Delete(recursive: true);

    private string Data => Path.Combine(_directory.FullName, "kept", "here");

    private static async Task<(WarrenProgram Program, string Url)> StartAsync(params string[] options)
    {
        var program = WarrenProgram.Start(["broker", .. options]);
        return (program, (await program.Lines.FirstAsync()).Split(' ')[0]);
    }

    private static Task<IConnection> ConnectAsync(string url) =>
        new ConnectionFactory { Uri = new Uri(url), AutomaticRecoveryEnabled = false }.CreateConnectionAsync();

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task It_serves_until_it_is_told_to_stop_and_keeps_what_is_durable(string signal)
    {
        var (first, url) = await StartAsync("--amqp", "127.0.0.1:0", "--data", Data);
        await using (first)
        {
            Assert.Matches(@"^amqp://guest:guest@127\.0\.0\.1:\d+/ · data " + Data + "$", Assert.Single(first.Lines.Items));
            await using var connection = await ConnectAsync(url);
            await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true));
            await channel.QueueDeclareAsync("kept", durable: true, exclusive: false, autoDelete: false);
            await channel.BasicPublishAsync("", "kept", true, new BasicProperties { Persistent = true }, Encoding.UTF8.GetBytes("still here"));
            await first.SignalAsync(signal);

            Assert.Equal(0, await first.ExitAsync());
        }

        Assert.Empty(first.Errors.Items);
        var (second, again) = await StartAsync("--port", $"{new Uri(url).Port}", "--data", Data);
        await using var running = second;
        await using var reader = await ConnectAsync(again);
        await using var readingChannel = await reader.CreateChannelAsync();
        Assert.Equal("still here", Encoding.UTF8.GetString((await readingChannel.BasicGetAsync("kept", autoAck: true))!.Body.Span));
        Assert.Equal(url, again);
    }

    [Fact]
    public async Task In_memory_it_says_so_and_writes_nothing()
    {
        var (program, url) = await StartAsync("--port", "0", "--in-memory");
        await using var running = program;

        Assert.Equal($"{url} · in memory", Assert.Single(program.Lines.Items));
    }

    [Fact]
    public async Task Its_data_are_by_default_where_the_user_keeps_data()
    {
        await using var program = WarrenProgram.Start(
            ["broker", "--port", "0"], new Dictionary<string, string?> { ["XDG_DATA_HOME"] = _directory.FullName });

        Assert.EndsWith($" · data {Path.Combine(_directory.FullName, "warren", "broker")}", await program.Lines.FirstAsync(), StringComparison.Ordinal);
        Assert.True(Directory.Exists(Path.Combine(_directory.FullName, "warren", "broker")));
    }

    [Fact]
    public async Task Its_users_and_address_may_be_settings()
    {
        await using var program = WarrenProgram.Start(
            ["broker", "--in-memory"],
            new Dictionary<string, string?> { ["Warren__Broker__Listen"] = "127.0.0.1:0", ["Warren__Broker__Users__ada__Password"] = "lovelace" });
        var url = new UriBuilder((await program.Lines.FirstAsync()).Split(' ')[0]) { UserName = "ada", Password = "lovelace" }.Uri.ToString();

        await using var connection = await ConnectAsync(url);

        Assert.True(connection.IsOpen);
    }

    [Fact]
    public async Task A_user_may_do_in_each_virtual_host_what_the_settings_say()
    {
        await File.WriteAllTextAsync(Path.Combine(_directory.FullName, "password"), "lovelace\n", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            Path.Combine(_directory.FullName, "appsettings.json"),
            """
            { "Warren": { "Broker": {
              "Listen": "127.0.0.1:0",
              "VirtualHosts": ["billing", "closed"],
              "Users": { "ada": {
                "PasswordFile": "password",
                "Permissions": {
                  "/": { "Configure": "", "Write": "", "Read": "^reports$" },
                  "billing": { "Configure": ".*", "Write": ".*", "Read": ".*" }
                } } } } } }
            """,
            TestContext.Current.CancellationToken);
        await using var program = WarrenProgram.Start(["broker", "--in-memory"], environment: null, _directory.FullName);
        var guest = (await program.Lines.FirstAsync()).Split(' ')[0];
        var ada = new UriBuilder(guest) { UserName = "ada", Password = "lovelace" }.Uri.ToString();
        await using (var connection = await ConnectAsync(guest))
        await using (var channel = await connection.CreateChannelAsync())
            await channel.QueueDeclareAsync("reports", durable: true, exclusive: false, autoDelete: false);

        await using var billing = await ConnectAsync(ada + "billing");
        await using var billingChannel = await billing.CreateChannelAsync();
        await billingChannel.QueueDeclareAsync("invoices", durable: true, exclusive: false, autoDelete: false);
        await using var root = await ConnectAsync(ada);
        await using var reading = await root.CreateChannelAsync();
        Assert.Null(await reading.BasicGetAsync("reports", autoAck: true));
        var refused = await Assert.ThrowsAsync<OperationInterruptedException>(() => reading.QueueDeclareAsync("mine", durable: true, exclusive: false, autoDelete: false));
        // The client takes a connection for open before it is: a channel shows.
        var closed = await Assert.ThrowsAnyAsync<RabbitMQClientException>(async () =>
        {
            await using var connection = await ConnectAsync(ada + "closed");
            await using var channel = await connection.CreateChannelAsync();
        });

        Assert.Equal("ACCESS_REFUSED - access to queue 'mine' in vhost '/' refused for user 'ada'", refused.ShutdownReason?.ReplyText);
        Assert.Contains("access to vhost 'closed' refused for user 'ada'", closed.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Users__ada=lovelace", "Warren:Broker:Users:ada is a text; Warren:Broker:Users:ada:Password, Warren:Broker:Users:ada:PasswordFile, Warren:Broker:Users:ada:Tags, Warren:Broker:Users:ada:Permissions were expected.")]
    [InlineData("Users__ada__Tags=x", "Warren:Broker:Users:ada:Password is empty; expected a password.")]
    [InlineData("Users__ada__Pasword=x", "Unknown setting Warren:Broker:Users:ada:Pasword; did you mean Warren:Broker:Users:ada:Password?")]
    [InlineData("Users__ada__PasswordFile=/nowhere/at/all", "Warren:Broker:Users:ada:PasswordFile cannot be read: Could not find a part of the path '/nowhere/at/all'.")]
    [InlineData("Users__ada__Permissions__billing__Read=.*", "Warren:Broker:Users:ada:Permissions:billing is for a virtual host that does not exist; Warren:Broker:VirtualHosts has /.")]
    [InlineData("Users__ada__Permissions__/__Read=.*", "Warren:Broker:Users:ada:Permissions:/ has no Configure; Configure, Write and Read were expected, each a regular expression, or empty for nothing.")]
    public async Task A_user_who_is_set_wrongly_is_refused_at_the_start(string setting, string error)
    {
        var (name, value) = (setting.Split('=')[0], setting.Split('=')[1]);
        var environment = new Dictionary<string, string?> { [$"Warren__Broker__{name}"] = value };

        var broker = await WarrenProgram.RunAsync(["broker", "--port", "0", "--in-memory"], environment: environment);
        var server = await WarrenProgram.RunAsync(["serve", "--amqp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--data", Data], environment: environment);

        Assert.Equal((2, "", $"warren: {error}\n"), (broker.ExitCode, broker.Output, broker.Errors));
        Assert.Equal((2, "", $"warren: {error}\n"), (server.ExitCode, server.Output, server.Errors));
    }

    [Fact]
    public async Task A_port_that_another_broker_has_is_told_with_what_to_do()
    {
        var (program, url) = await StartAsync("--port", "0", "--in-memory");
        await using var running = program;
        var port = new Uri(url).Port;

        var result = await WarrenProgram.RunAsync("broker", "--port", $"{port}", "--data", Data);

        Assert.Equal((3, ""), (result.ExitCode, result.Output));
        Assert.Matches(
            $@"^warren: 127\.0\.0\.1:{port} is in use \(Warren \d+\.\d+\.\d+\S* answers there\)\. "
            + $@"Use it with RABBITMQ_URL=amqp://localhost:{port}/, or choose --amqp 127\.0\.0\.1:{port + 1}\.\n$",
            result.Errors);
    }

    [Fact]
    public async Task A_port_that_some_other_program_has_is_told_with_another_to_choose()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var running = WarrenProgram.RunAsync("broker", "--port", $"{port}", "--in-memory");
        (await listener.AcceptSocketAsync()).Dispose();

        var result = await running;

        Assert.Equal(
            (3, "", $"warren: 127.0.0.1:{port} is in use (a program that is no AMQP broker listens there). Choose another, as --amqp 127.0.0.1:{port + 1}.\n"),
            (result.ExitCode, result.Output, result.Errors));
    }

    [Fact]
    public async Task A_second_one_on_the_same_directory_does_not_start()
    {
        var (program, _) = await StartAsync("--port", "0", "--data", Data);
        await using var running = program;

        var result = await WarrenProgram.RunAsync("broker", "--port", "0", "--data", Data);

        Assert.Equal((3, ""), (result.ExitCode, result.Output));
        Assert.StartsWith($"warren: The data directory '{Data}' is in use by process {program.Id}.", result.Errors, StringComparison.Ordinal);
        Assert.Single(result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task It_takes_TLS_with_files_in_PEM_form()
    {
        using var key = RSA.Create(2048);
        var today = TimeProvider.System.GetUtcNow();
        using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(today.AddDays(-1), today.AddDays(1));
        var (certificateFile, keyFile) = (Path.Combine(_directory.FullName, "certificate.pem"), Path.Combine(_directory.FullName, "key.pem"));
        await File.WriteAllTextAsync(certificateFile, certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(keyFile, key.ExportPkcs8PrivateKeyPem());

        var (program, _) = await StartAsync("--port", "0", "--in-memory", "--tls", "localhost:0", "--certificate", certificateFile, "--key", keyFile);
        await using var running = program;
        var port = Regex.Match(program.Lines.Items[0], @" · TLS on 127\.0\.0\.1:(\d+) · in memory$").Groups[1].Value;

        var factory = new ConnectionFactory { Uri = new Uri($"amqps://guest:guest@localhost:{port}/") };
        factory.Ssl.AcceptablePolicyErrors = System.Net.Security.SslPolicyErrors.RemoteCertificateChainErrors;
        await using var connection = await factory.CreateConnectionAsync();
        Assert.True(connection.IsOpen);
    }
}
