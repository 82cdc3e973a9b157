using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using Warren.Interop.Tests.Peers;
using Warren.Messaging;
using Warren.TestKit;

namespace Warren.Interop.Tests.Bus;

/// <summary>Sealed bodies between Warren and a Node program that follows the reference.</summary>
public sealed class EncryptionTests(RabbitMqFixture rabbit)
{
    private const string KeyId = "2026-11";

    private readonly string _key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(CompressionAlgorithm.None, "aes256gcm")]
    [InlineData(CompressionAlgorithm.Gzip, "gzip,aes256gcm")]
    [InlineData(CompressionAlgorithm.Brotli, "br,aes256gcm")]
    public async Task A_peer_opens_what_the_bus_sealed(CompressionAlgorithm compression, string encoding)
    {
        var url = await rabbit.NewVirtualHostAsync(Ct);
        await using var peer = await Roles.SealingAsync("consume", url, KeyId, _key, Ct);
        await using var bus = await MessageBus.ConnectAsync(
            url, options =>
            {
                Seal(options);
                options.Compression.Algorithm = compression;
            }, cancellationToken: Ct);
        var name = new string('a', 5000);

        await bus.PublishAsync("user.events", "user.created", new UserCreated(42, name), cancellationToken: Ct);

        var message = await peer.NextAsync("message", Ct);
        Assert.Equal(encoding, message.Text("content_encoding"));
        Assert.Equal(KeyId, message.GetProperty("headers").Text("x-warren-key-id"));
        Assert.Equal(name, message.GetProperty("body").Text("username"));
        Assert.DoesNotContain(Convert.ToHexStringLower(Encoding.UTF8.GetBytes("aaaaaaaa")), message.Text("raw"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_bus_opens_what_a_peer_sealed()
    {
        var url = await rabbit.NewVirtualHostAsync(Ct);
        var arrived = Channel.CreateUnbounded<UserCreated>();
        await using var bus = await MessageBus.ConnectAsync(
            url, options =>
            {
                Seal(options);
                options.Encryption.Required = true;
            }, cancellationToken: Ct);
        await using var subscription = await bus.SubscribeAsync<UserCreated>(
            "matching.user_events", "user.events", "user.created", (user, _) => arrived.Writer.WriteAsync(user, Ct).AsTask(), cancellationToken: Ct);
        await using var peer = await Roles.SealingAsync("publish", url, KeyId, _key, Ct);

        await peer.AskAsync(new { body = new { user_id = 42, username = "ada" } }, "published", Ct);

        Assert.Equal(new UserCreated(42, "ada"), await arrived.Reader.ReadAsync(Ct));
    }

    [Fact]
    public async Task The_shared_client_gives_up_what_it_cannot_open()
    {
        var url = await rabbit.NewVirtualHostAsync(Ct);
        await using var subscriber = await PeerKind.SharedClient.SubscriberAsync(url, Ct);
        await using var dead = await Roles.DeadLetterReaderAsync(url, Ct);
        await using var bus = await MessageBus.ConnectAsync(url, Seal, cancellationToken: Ct);

        await bus.PublishAsync("user.events", "user.created", new UserCreated(42, "ada"), cancellationToken: Ct);

        var letter = await dead.NextAsync("message", Ct);
        Assert.Equal("unknown_encoding", letter.GetProperty("headers").Text("x-warren-reason"));
        // Whoever has the key can still open it.
        Assert.Equal("aes256gcm", letter.Text("content_encoding"));
        Assert.Equal(KeyId, letter.GetProperty("headers").Text("x-warren-key-id"));
    }

    private void Seal(MessagingOptions options)
    {
        options.Encryption.Keys[KeyId] = _key;
        options.Encryption.KeyId = KeyId;
    }
}
