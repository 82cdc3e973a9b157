using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace Warren.Messaging.Content;

/// <summary>
/// Seals bodies with AES-256-GCM and opens them with any key of the ring. A sealed body is
/// <c>1 byte version = 1 | 12 bytes random nonce | ciphertext | 16 bytes tag</c>. The associated data binds what a reader acts on:
/// content type, content encoding and key id, each in UTF-8 after its length as 4 bytes, big end first. It binds nothing of the way a
/// message took, so it opens after retries, dead-lettering and replay as well.
/// </summary>
internal sealed class Encryption
{
    private const byte Version = 1;
    private const int KeyBytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int HeadBytes = 1 + NonceBytes;
    private const string Section = "Warren:Messaging:Encryption";

    private readonly Dictionary<string, Cipher> _ring = new(StringComparer.Ordinal);
    private readonly Cipher? _sealing;

    /// <summary>Reads the key ring.</summary>
    /// <exception cref="MessagingException">A key is not 32 bytes in Base64, or the settings contradict each other.</exception>
    public Encryption(EncryptionOptions options)
    {
        foreach (var (id, key) in options.Keys)
        {
            if (string.IsNullOrWhiteSpace(id))
                throw new MessagingException($"{Section}:Keys has a key without an id. Every key needs one.");
            _ring.Add(id, new(id, ReadKey(id, key)));
        }

        KeyId = string.IsNullOrEmpty(options.KeyId) ? null : options.KeyId;
        Required = options.Required;
        if (KeyId is not null && !_ring.TryGetValue(KeyId, out _sealing))
        {
            throw new MessagingException(
                $"{Section}:KeyId is {MediaTypes.Quote(KeyId)}, which is not in {Section}:Keys. It has: {KnownIds()}.");
        }

        if (Required && KeyId is null)
        {
            throw new MessagingException(
                $"{Section}:Required is true but {Section}:KeyId names no key, so this program would publish what it refuses to read. "
                + $"Name a key of {Section}:Keys.");
        }
    }

    /// <summary>The id of the key that seals, or null if nothing is sealed.</summary>
    public string? KeyId { get; }

    /// <summary>Whether a body that is not sealed must be refused.</summary>
    public bool Required { get; }

    /// <summary>Seals a body into an empty buffer with the key <see cref="KeyId"/>.</summary>
    public void Seal(ReadOnlySpan<byte> body, PooledBuffer output, string? contentType, string? contentEncoding)
    {
        var cipher = _sealing ?? throw new InvalidOperationException("There is no key to seal with.");
        var length = HeadBytes + body.Length + TagBytes;
        var sealedBody = output.GetSpan(length)[..length];
        sealedBody[0] = Version;
        RandomNumberGenerator.Fill(sealedBody.Slice(1, NonceBytes));
        var bound = PooledBuffer.Rent();
        var aes = cipher.Take();
        try
        {
            Bind(bound, contentType, contentEncoding, cipher.Id);
            aes.Encrypt(
                sealedBody.Slice(1, NonceBytes), body, sealedBody[HeadBytes..^TagBytes], sealedBody[^TagBytes..], bound.WrittenSpan);
            output.Advance(length);
        }
        finally
        {
            cipher.Return(aes);
            PooledBuffer.Return(bound);
        }
    }

    /// <summary>Opens a body into an empty buffer.</summary>
    /// <exception cref="ContentException">The key is unknown, or the body or what it is bound to was changed.</exception>
    public void Open(ReadOnlySpan<byte> sealedBody, PooledBuffer output, string? contentType, string? contentEncoding, string? keyId)
    {
        if (string.IsNullOrEmpty(keyId))
        {
            throw new ContentException(
                $"The body is encrypted, but the header {MessageHeaders.KeyId} names no key.", ContentReasons.UnknownKey);
        }

        if (!_ring.TryGetValue(keyId, out var cipher))
        {
            throw new ContentException(
                $"The body is encrypted with the key {MediaTypes.Quote(keyId)}, which is not in {Section}:Keys. It has: {KnownIds()}.",
                ContentReasons.UnknownKey);
        }

        if (sealedBody.Length < HeadBytes + TagBytes)
        {
            throw new ContentException(
                $"The encrypted body has {sealedBody.Length} bytes; with version, nonce and tag it has at least {HeadBytes + TagBytes}.",
                ContentReasons.Tampered);
        }

        if (sealedBody[0] != Version)
        {
            throw new ContentException(
                $"The encrypted body has layout version {sealedBody[0]}; version {Version} can be read.", ContentReasons.Undecodable);
        }

        var length = sealedBody.Length - HeadBytes - TagBytes;
        var bound = PooledBuffer.Rent();
        var aes = cipher.Take();
        try
        {
            Bind(bound, contentType, contentEncoding, keyId);
            aes.Decrypt(
                sealedBody.Slice(1, NonceBytes), sealedBody[HeadBytes..^TagBytes], sealedBody[^TagBytes..],
                output.GetSpan(length)[..length], bound.WrittenSpan);
            output.Advance(length);
        }
        catch (CryptographicException error)
        {
            throw new ContentException(
                $"The encrypted body does not match its tag under the key {MediaTypes.Quote(keyId)}: "
                + "the body, its content type, its content encoding or its key id was changed, or the key differs.",
                ContentReasons.Tampered, error);
        }
        finally
        {
            cipher.Return(aes);
            PooledBuffer.Return(bound);
        }
    }

    private static void Bind(PooledBuffer bound, string? contentType, string? contentEncoding, string keyId)
    {
        Bind(bound, contentType ?? "");
        Bind(bound, contentEncoding ?? "");
        Bind(bound, keyId);
    }

    private static void Bind(PooledBuffer bound, string value)
    {
        var length = Encoding.UTF8.GetByteCount(value);
        var target = bound.GetSpan(sizeof(int) + length);
        BinaryPrimitives.WriteInt32BigEndian(target, length);
        Encoding.UTF8.GetBytes(value, target[sizeof(int)..]);
        bound.Advance(sizeof(int) + length);
    }

    private static byte[] ReadKey(string id, string? text)
    {
        // Key material must not get into the message, so it says sizes only.
        var setting = $"{Section}:Keys:{id}";
        var key = new byte[(text?.Length ?? 0) * 3 / 4 + 3];
        if (string.IsNullOrEmpty(text) || !Convert.TryFromBase64String(text, key, out var length))
        {
            throw new MessagingException(
                $"{setting} is not Base64. Expected are {KeyBytes} bytes in Base64, such as 'openssl rand -base64 {KeyBytes}' prints.");
        }

        return length == KeyBytes
            ? key[..KeyBytes]
            : throw new MessagingException($"{setting} has {length} bytes. Expected are {KeyBytes} bytes in Base64.");
    }

    private string KnownIds() => _ring.Count == 0 ? "none" : string.Join(", ", _ring.Keys.Order(StringComparer.Ordinal));

    /// <summary>One key, with idle ciphers for it: an <see cref="AesGcm"/> is costly to make, and not for two threads at once.</summary>
    private sealed class Cipher(string id, byte[] key)
    {
        private readonly ConcurrentBag<AesGcm> _idle = [];

        public string Id { get; } = id;

        public AesGcm Take() => _idle.TryTake(out var aes) ? aes : new(key, TagBytes);

        public void Return(AesGcm aes) => _idle.Add(aes);
    }
}
