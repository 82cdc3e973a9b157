using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Warren.Broker.Connections;
using Warren.Broker.Tests.Suite;
using Warren.TestKit;

namespace Warren.Broker.Tests.Connections;

/// <summary>What of the handshake is not seen from RabbitMQ: clocks, limits, logs, TLS. The rest is in the handshake suite, which runs on both.</summary>
public class HandshakeTests
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(3);

    [Fact]
    public async Task A_session_holds_what_was_agreed()
    {
        await using var door = await Door.OpenAsync();
        await using var client = await door.EnterAsync(new() { FrameMax = 8192, ChannelMax = 7, Heartbeat = 5, Capabilities = ["connection.blocked"] });

        var session = await door.Sessions.FirstAsync();
        Assert.Equal(("guest", "/", 8192, 7), (session.User.Name, session.VirtualHost, session.FrameMax, session.ChannelMax));
        Assert.Equal(TimeSpan.FromSeconds(5), session.Heartbeat.Interval);
        Assert.Equal((true, false), (session.UnderstandsBlocked, session.UnderstandsCancel));
        Assert.Equal(("PLAIN", ClientCapabilities.ConnectionBlocked), (session.Client.Mechanism, session.Client.Capabilities));
        Assert.Equal((door.EndPoint, false, true), (session.Ends.Local, session.Ends.IsEncrypted, session.Ends.IsLoopback));
        Assert.Equal($"{session.RemoteEndPoint} -> {door.EndPoint}", session.Ends.ToString());
    }

    [Fact]
    public async Task What_follows_the_opening_in_one_write_is_read_by_the_connection()
    {
        await using var door = await Door.OpenAsync();
        await using var client = await door.ConnectAsync();
        await client.LogInAsync();
        await client.ExpectAsync(0, "connection.tune");
        await client.SendBytesAsync(
            RawCodec.Method(0, "connection.tune-ok", ("channel-max", 1), ("frame-max", 4096)),
            RawCodec.Method(0, "connection.open", ("virtual-host", "/")),
            RawCodec.Method(0, "connection.close", ("reply-code", 200)));

        await client.ExpectAsync(0, "connection.open-ok");
        await client.ExpectAsync(0, "connection.close-ok");
    }

    [Fact]
    public async Task An_opening_may_come_octet_by_octet_with_heartbeats_between()
    {
        await using var door = await Door.OpenAsync();
        await using var client = await door.ConnectAsync();
        await client.LogInAsync();
        await client.ExpectAsync(0, "connection.tune");
        byte[] octets =
        [
            .. RawCodec.Frame(RawCodec.HeartbeatFrame, 0, []),
            .. RawCodec.Method(0, "connection.tune-ok", ("channel-max", 1), ("frame-max", 4096)),
            .. RawCodec.Frame(RawCodec.HeartbeatFrame, 0, []),
            .. RawCodec.Method(0, "connection.open", ("virtual-host", "/")),
        ];
        foreach (var octet in octets)
            await client.SendBytesAsync([octet]);

        await client.ExpectAsync(0, "connection.open-ok");
    }

    [Fact]
    public async Task A_client_that_takes_too_long_is_dropped()
    {
        var clock = new ManualTimeProvider();
        await using var door = await Door.OpenAsync(new() { TimeProvider = clock, HandshakeTimeout = TimeSpan.FromSeconds(7) });
        await using var client = await door.ConnectAsync();
        await client.SendHelloAsync();
        await client.ExpectAsync(0, "connection.start");

        clock.Advance(TimeSpan.FromSeconds(7));

        await client.ExpectEndAsync();
        Assert.StartsWith("Error: Connection 127.0.0.1:", await door.Log.WaitForAsync("was not open within 00:00:07; it is closed in state Starting"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_time_for_the_opening_does_not_end_a_connection_that_is_open()
    {
        var clock = new ManualTimeProvider();
        await using var door = await Door.OpenAsync(new() { TimeProvider = clock });
        await using var client = await door.EnterAsync();

        clock.Advance(TimeSpan.FromHours(1));

        await client.CallAsync(0, "connection.close", ("reply-code", 200));
    }

    [Fact]
    public async Task A_refusal_without_a_word_comes_after_a_pause()
    {
        var clock = new ManualTimeProvider();
        await using var door = await Door.OpenAsync(new() { TimeProvider = clock });
        await using var client = await door.ConnectAsync();
        await client.LogInAsync(new() { Password = "wrong", Capabilities = [] });
        var end = client.ExpectEndAsync();
        // One is the time for the handshake, the other the pause.
        await clock.WaitForTimersAsync(2);
        Assert.False(end.IsCompleted);

        clock.Advance(Pause);

        await end;
        Assert.NotNull(await door.Log.WaitForAsync("was refused in state Starting: PLAIN login refused: user 'guest' - invalid credentials"));
    }

    [Fact]
    public async Task A_client_that_does_not_answer_its_refusal_is_left_after_the_same_pause()
    {
        var clock = new ManualTimeProvider();
        await using var door = await Door.OpenAsync(new() { TimeProvider = clock });
        await using var client = await door.ConnectAsync();
        await client.LogInAsync(new() { Password = "wrong" });
        await client.ExpectAsync(0, "connection.close");

        clock.Advance(Pause);

        await client.ExpectEndAsync();
    }

    [Fact]
    public async Task A_client_that_closes_while_it_is_refused_is_answered()
    {
        await using var door = await Door.OpenAsync();
        await using var client = await door.ConnectAsync();
        await client.LogInAsync(new() { Password = "wrong" });
        await client.ExpectAsync(0, "connection.close");

        await client.CallAsync(0, "connection.close", ("reply-code", 200));
    }

    [Theory]
    [InlineData(1, 4095, "frame_max = 4095 is lower than the minimum allowed value (4096)")]
    [InlineData(1, 131073, "frame_max = 131073 is higher than the maximum allowed value (131072)")]
    [InlineData(1, 0, "frame_max = 0 is higher than the maximum allowed value (131072)")]
    [InlineData(2048, 4096, "channel_max = 2048 is higher than the maximum allowed value (2047)")]
    [InlineData(0, 4096, "channel_max = 0 (no limit) is higher than the maximum allowed value (2047)")]
    public async Task Limits_outside_of_the_offer_are_told_to_the_log(ushort channelMax, uint frameMax, string reason)
    {
        var clock = new ManualTimeProvider();
        await using var door = await Door.OpenAsync(new() { TimeProvider = clock });
        await using var client = await door.ConnectAsync();
        await client.TuneAsync(new() { ChannelMax = channelMax, FrameMax = frameMax });
        await clock.WaitForTimersAsync(2);
        clock.Advance(Pause);

        await client.ExpectEndAsync();
        Assert.NotNull(await door.Log.WaitForAsync($"was refused in state Tuning: NOT_ALLOWED - negotiated {reason}"));
    }

    [Fact]
    public async Task A_stranger_gets_no_large_frame_in()
    {
        var clock = new ManualTimeProvider();
        await using var door = await Door.OpenAsync(new() { TimeProvider = clock });
        await using var client = await door.ConnectAsync();
        await client.SendHelloAsync();
        await client.ExpectAsync(0, "connection.start");
        await client.SendBytesAsync(RawCodec.Frame(RawCodec.MethodFrame, 0, new byte[4097]));
        await clock.WaitForTimersAsync(2);
        clock.Advance(Pause);

        await client.ExpectEndAsync();
        Assert.NotNull(await door.Log.WaitForAsync("FRAME_ERROR - type 1, all octets = <<>>: {frame_too_large,4097,4088}"));
    }

    [Fact]
    public async Task A_method_out_of_turn_is_refused_by_its_name()
    {
        await using var door = await Door.OpenAsync();
        await using var client = await door.ConnectAsync();
        await client.TuneAsync();

        await client.ConnectionRefusesAsync(0, 504, "CHANNEL_ERROR - unexpected method in connection state opening", "connection.secure-ok", ("response", "x"));
    }

    [Fact]
    public async Task One_connection_too_many_is_refused_until_another_has_ended()
    {
        await using var door = await Door.OpenAsync(new() { MaxConnections = 1 });
        var first = await door.EnterAsync();
        await using var second = await door.ConnectAsync();
        await second.TuneAsync();
        await second.ConnectionRefusesAsync(
            0, 530, "NOT_ALLOWED - connection refused for user 'guest': node connection limit (1) is reached", "connection.open", ("virtual-host", "/"));

        await first.DisposeAsync();

        await Eventually.PassesAsync(async () => await (await door.EnterAsync()).DisposeAsync(), "there is room again");
    }

    [Fact]
    public async Task A_look_whether_the_port_is_open_is_no_trouble_to_the_log()
    {
        await using var door = await Door.OpenAsync();
        await (await door.ConnectAsync()).DisposeAsync();

        Assert.StartsWith("Debug: ", await door.Log.WaitForAsync("was closed by the client before it sent anything"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_hangs_up_on_its_way_in_is_a_warning()
    {
        await using var door = await Door.OpenAsync();
        var client = await door.ConnectAsync();
        await client.LogInAsync();
        await client.ExpectAsync(0, "connection.tune");
        await client.DisposeAsync();

        Assert.StartsWith("Warning: ", await door.Log.WaitForAsync("was closed by the client in state Tuning"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broker_that_stops_waits_for_nobody_on_the_way_in()
    {
        await using var door = await Door.OpenAsync();
        await using var client = await door.ConnectAsync();
        await client.SendHelloAsync();
        await client.ExpectAsync(0, "connection.start");

        await door.CloseAsync();

        await client.ExpectEndAsync();
    }

    [Fact]
    public async Task A_connection_may_have_TLS()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var today = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(today.AddDays(-1), today.AddDays(1));
        await using var door = await Door.OpenAsync(new() { Listen = [], ListenTls = ["localhost:0"], Certificate = certificate });
        var factory = new RabbitMQ.Client.ConnectionFactory { Uri = new Uri($"amqps://guest:guest@{door.EndPoint}/") };
        factory.Ssl.AcceptablePolicyErrors = SslPolicyErrors.RemoteCertificateChainErrors | SslPolicyErrors.RemoteCertificateNameMismatch;

        await using var connection = await factory.CreateConnectionAsync(TestContext.Current.CancellationToken);

        Assert.True((await door.Sessions.FirstAsync()).Ends.IsEncrypted);
    }
}
