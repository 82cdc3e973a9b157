using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Warren.Broker.Tests.Suite;
using Warren.TestKit;

namespace Warren.Broker.Tests;

public class EmbeddedBrokerTests(RabbitMqFixture rabbit)
{
    [Fact]
    public async Task Without_options_it_listens_on_a_free_port_of_this_machine_alone()
    {
        await using var one = await EmbeddedBroker.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        await using var two = await EmbeddedBroker.StartAsync(cancellationToken: TestContext.Current.CancellationToken);

        Assert.All([one, two], broker => Assert.Equal(IPAddress.Loopback, Assert.Single(broker.EndPoints).Address));
        Assert.NotEqual(one.Url, two.Url);
        Assert.Equal($"amqp://guest:guest@{one.EndPoints[0]}/", one.Url);
    }

    [Fact]
    public async Task Its_url_takes_any_name_and_password()
    {
        var options = new BrokerOptions { Users = new Dictionary<string, BrokerUser> { ["a@b"] = new() { Password = "p/ä:#%" } } };
        await using var broker = await EmbeddedBroker.StartAsync(options, TestContext.Current.CancellationToken);

        Assert.Equal($"amqp://a%40b:p%2F%C3%A4%3A%23%25@{broker.EndPoints[0]}/", broker.Url);
    }

    [Fact]
    public async Task It_listens_on_every_address_that_is_named()
    {
        await using var broker = await EmbeddedBroker.StartAsync(new() { Listen = ["*:0", "127.0.0.1:0"] }, TestContext.Current.CancellationToken);

        Assert.Equal([IPAddress.IPv6Any, IPAddress.Loopback], broker.EndPoints.Select(endPoint => endPoint.Address));
        Assert.StartsWith($"amqp://guest:guest@127.0.0.1:{broker.EndPoints[0].Port}/", broker.Url, StringComparison.Ordinal);
        foreach (var endPoint in broker.EndPoints)
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, endPoint.Port, TestContext.Current.CancellationToken);
            Assert.True(client.Connected);
        }
    }

    [Fact]
    public async Task Stopping_frees_the_port_and_may_be_done_twice()
    {
        // An address of its own: on a shared one the freed port is anybody's, a listener's or an outgoing connection's.
        var address = new IPAddress([127, .. RandomNumberGenerator.GetBytes(2), 77]);
        var broker = await EmbeddedBroker.StartAsync(new() { Listen = [$"{address}:0"] }, TestContext.Current.CancellationToken);
        await broker.StopAsync(TestContext.Current.CancellationToken);
        await broker.StopAsync(TestContext.Current.CancellationToken);
        await broker.DisposeAsync();
        await broker.DisposeAsync();

        await using var next = await EmbeddedBroker.StartAsync(new() { Listen = [$"{broker.EndPoints[0]}"] }, TestContext.Current.CancellationToken);
        Assert.Equal(broker.EndPoints, next.EndPoints);
    }

    [Fact]
    public async Task Stopping_tells_those_who_are_connected_and_waits_for_their_answer()
    {
        var broker = await EmbeddedBroker.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        await using var client = await RawAmqpClient.OpenAsync(broker.Url + "%2F");

        var stopping = broker.StopAsync(TestContext.Current.CancellationToken);

        await client.ExpectConnectionCloseAsync(320, "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'", null);
        await stopping;
        await broker.DisposeAsync();
    }

    [Fact]
    public async Task Stopping_does_not_wait_for_a_client_longer_than_it_is_told_to()
    {
        using var impatience = new CancellationTokenSource();
        await using var broker = await EmbeddedBroker.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        await using var client = await RawAmqpClient.OpenAsync(broker.Url + "%2F");
        var stopping = broker.StopAsync(impatience.Token);
        await client.ExpectAsync(0, "connection.close");

        await impatience.CancelAsync();

        await stopping;
        await client.ExpectEndAsync();
    }

    [Fact]
    public async Task A_virtual_host_is_deleted_with_all_that_is_in_it_and_its_connections_are_closed()
    {
        var token = TestContext.Current.CancellationToken;
        await using var broker = await EmbeddedBroker.StartAsync(cancellationToken: token);
        await broker.CreateVirtualHostAsync("other", token);
        await using var client = await RawAmqpClient.OpenAsync(broker.Url + "other");
        await client.OpenChannelAsync(1);
        await client.CallAsync(1, "queue.declare", ("queue", "q"), ("durable", true));

        Assert.True(await broker.DeleteVirtualHostAsync("other", token));

        await client.ExpectConnectionCloseAsync(320, "CONNECTION_FORCED - vhost 'other' is deleted", null);
        Assert.Equal(["/"], broker.Snapshot().VirtualHosts.Select(host => host.Name));
        Assert.False(await broker.DeleteVirtualHostAsync("other", token));
        await broker.CreateVirtualHostAsync("other", token);
        Assert.Empty(broker.Snapshot().VirtualHosts[1].Queues);
    }

    [Fact]
    public async Task Virtual_hosts_are_there_again_after_a_restart_and_deleted_ones_are_not()
    {
        var token = TestContext.Current.CancellationToken;
        var directory = Directory.CreateTempSubdirectory("warren-broker-");
        await using (var broker = await EmbeddedBroker.StartAsync(new() { Data = directory.FullName }, token))
        {
            await broker.CreateVirtualHostAsync("kept", token);
            await broker.CreateVirtualHostAsync("gone", token);
            await using var client = await RawAmqpClient.OpenAsync(broker.Url + "gone");
            await client.OpenChannelAsync(1);
            await client.CallAsync(1, "queue.declare", ("queue", "q"), ("durable", true));
            await broker.DeleteVirtualHostAsync("gone", token);
        }

        await using (var again = await EmbeddedBroker.StartAsync(new() { Data = directory.FullName }, token))
            Assert.Equal(["/", "kept"], again.Snapshot().VirtualHosts.Select(host => host.Name));
        directory.Delete(recursive: true);
    }

    [Fact]
    public async Task A_second_broker_on_a_directory_in_use_does_not_start()
    {
        var directory = Directory.CreateTempSubdirectory("warren-broker-");
        await using (var first = await EmbeddedBroker.StartAsync(new() { Data = directory.FullName }, TestContext.Current.CancellationToken))
        {
            var error = await Assert.ThrowsAsync<BrokerStartException>(() => EmbeddedBroker.StartAsync(new() { Data = directory.FullName }));
            Assert.Equal(BrokerStartFailure.DataUnusable, error.Reason);
            Assert.Contains(directory.FullName, error.Message, StringComparison.Ordinal);
        }

        directory.Delete(recursive: true);
    }

    [Fact]
    public async Task A_user_that_is_added_later_may_log_in_and_a_wrong_one_is_not_added()
    {
        await using var broker = await EmbeddedBroker.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        broker.AddUser("ada", new() { Password = "ada", Permissions = new Dictionary<string, BrokerPermissions> { ["/"] = new() } });

        await using var client = await RawAmqpClient.OpenAsync(broker.Url + "%2F", new() { User = "ada" });

        Assert.Equal("Users:bob:Password is empty; expected a password. (Parameter 'user')", Assert.Throws<ArgumentException>(() => broker.AddUser("bob", new())).Message);
    }

    [Fact]
    public async Task A_port_that_another_Warren_has_is_told_so()
    {
        await using var first = await EmbeddedBroker.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        var taken = first.EndPoints[0];

        var error = await Assert.ThrowsAsync<BrokerStartException>(() => EmbeddedBroker.StartAsync(new() { Listen = ["127.0.0.1:0", $"{taken}"], TimeProvider = new ManualTimeProvider() }));

        Assert.Equal((BrokerStartFailure.AddressInUse, taken), (error.Reason, error.EndPoint));
        Assert.Matches(@"^Warren \d+\.\d+\.\d+", error.Occupant);
        Assert.Equal($"{taken} is in use ({error.Occupant} answers there).", error.Message);
    }

    [Fact]
    [Trait("Category", "Service")]
    public async Task A_port_that_RabbitMQ_has_is_told_with_its_version()
    {
        var port = new Uri(await rabbit.NewVirtualHostAsync()).Port;

        var error = await Assert.ThrowsAsync<BrokerStartException>(() => EmbeddedBroker.StartAsync(new() { Listen = [$"127.0.0.1:{port}"], TimeProvider = new ManualTimeProvider() }));

        Assert.Matches(@"^RabbitMQ \d+\.\d+$", error.Occupant);
        Assert.Equal($"127.0.0.1:{port} is in use ({error.Occupant} answers there).", error.Message);
    }

    [Fact]
    public async Task A_port_that_some_other_program_has_is_told_as_that()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var hangUp = listener.AcceptSocketAsync(TestContext.Current.CancellationToken).AsTask().ContinueWith(
            accepted => accepted.Result.Dispose(), TestContext.Current.CancellationToken, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);

        var error = await Assert.ThrowsAsync<BrokerStartException>(() => EmbeddedBroker.StartAsync(new() { Listen = [$"{listener.LocalEndpoint}"] }));

        await hangUp;
        Assert.Null(error.Occupant);
        Assert.Equal($"{listener.LocalEndpoint} is in use (a program that is no AMQP broker listens there).", error.Message);
    }

    [Fact]
    public async Task An_address_of_another_machine_cannot_be_listened_on()
    {
        var error = await Assert.ThrowsAsync<BrokerStartException>(() => EmbeddedBroker.StartAsync(new() { Listen = ["192.0.2.1:0"] }));

        Assert.Equal(BrokerStartFailure.AddressUnusable, error.Reason);
        Assert.StartsWith("192.0.2.1:0 cannot be listened on: ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(WrongOptions))]
    public async Task A_wrong_option_is_named_with_what_was_found_and_what_was_expected(string sentence, Action<BrokerOptions> make)
    {
        var options = new BrokerOptions();
        make(options);

        var error = await Assert.ThrowsAsync<BrokerStartException>(() => EmbeddedBroker.StartAsync(options));

        Assert.Equal((BrokerStartFailure.InvalidOptions, sentence), (error.Reason, error.Message));
    }

    public static TheoryData<string, Action<BrokerOptions>> WrongOptions => new()
    {
        { "Listen is '5672'; expected ADDRESS:PORT, as 127.0.0.1:5672, [::1]:5672, localhost:5672 or *:5672.", options => options.Listen = ["5672"] },
        { "Listen is 'example.com:5672'; expected ADDRESS:PORT, as 127.0.0.1:5672, [::1]:5672, localhost:5672 or *:5672.", options => options.Listen = ["example.com:5672"] },
        { "Listen is '::1:5672'; expected ADDRESS:PORT, as 127.0.0.1:5672, [::1]:5672, localhost:5672 or *:5672.", options => options.Listen = ["::1:5672"] },
        { "Listen is '127.0.0.1:65536'; expected ADDRESS:PORT, as 127.0.0.1:5672, [::1]:5672, localhost:5672 or *:5672.", options => options.Listen = ["127.0.0.1:65536"] },
        { "Listen and ListenTls are empty; expected an address to listen on.", options => options.Listen = [] },
        { "ListenTls is 'localhost:0' and Certificate is null; expected the certificate to show there.", options => options.ListenTls = ["localhost:0"] },
        { "Data is empty; expected a directory, or null to keep nothing.", options => options.Data = " " },
        { "Users:ada:Password is empty; expected a password.", options => options.Users["ada"] = new() },
        {
            "Users:ada:Permissions:/:Write is '('; expected a regular expression: Invalid pattern '(' at offset 1. Not enough )'s.",
            options => options.Users["ada"] = new() { Password = "x", Permissions = new Dictionary<string, BrokerPermissions> { ["/"] = new() { Write = "(" } } }
        },
        { "VirtualHosts is empty; expected the name of a virtual host, as /.", options => options.VirtualHosts = [] },
        { "VirtualHosts has ''; expected a name of 1 to 255 bytes.", options => options.VirtualHosts = ["/", ""] },
        { "FrameMax is 4095; expected a number from 4096.", options => options.FrameMax = 4095 },
        { "ChannelMax is 65536; expected a number from 1 to 65535.", options => options.ChannelMax = 65536 },
        { "Heartbeat is 00:00:01.5000000; expected whole seconds from 0 to 65535.", options => options.Heartbeat = TimeSpan.FromSeconds(1.5) },
        { "HandshakeTimeout is 00:00:00; expected a time above zero.", options => options.HandshakeTimeout = TimeSpan.Zero },
        { "MaxConnections is 0; expected a number from 1.", options => options.MaxConnections = 0 },
        { "MaxMessageSize is 536870913; expected a number from 1 to 536870912.", options => options.MaxMessageSize = 536_870_913 },
        { "MaxUnackedMessages is 0; expected a number from 1.", options => options.MaxUnackedMessages = 0 },
        { "MemoryLimit is -1; expected a number from 1.", options => options.MemoryLimit = -1 },
        { "DiskFreeLimit is -1; expected a number from 0.", options => options.DiskFreeLimit = -1 },
    };
}
