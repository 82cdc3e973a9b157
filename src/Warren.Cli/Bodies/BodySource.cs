using System.Globalization;
using System.Text;

namespace Warren.Cli.Bodies;

/// <summary>Where the body of a message to publish comes from: the command line, a file, or standard input.</summary>
internal static class BodySource
{
    /// <summary>Reads the body, and no more of it than a message may have.</summary>
    /// <exception cref="UsageException">Two sources are named, or none that has a body.</exception>
    public static async Task<byte[]> ReadAsync(string? text, string? path, int limit, CancellationToken cancellationToken)
    {
        if (text is not null && path is not null)
            throw new UsageException("--body and --file are both given; expected one of them.");
        if (text is not null)
            return Encoding.UTF8.GetBytes(text);
        if (path is not null)
            return await ReadFileAsync(path, limit, cancellationToken);
        if (!Console.IsInputRedirected)
            throw new UsageException("There is no body. Expected --body TEXT, --file PATH, or the body on standard input.");

        await using var input = Console.OpenStandardInput();
        var body = await ReadAsync(input, "Standard input", limit, cancellationToken);
        // What failed on the other side of a pipe also arrives as nothing, and must not become a message.
        return body.Length > 0 ? body : throw new UsageException("Standard input is empty. Expected a body there, --body TEXT or --file PATH; an empty body is --body ''.");
    }

    private static async Task<byte[]> ReadFileAsync(string path, int limit, CancellationToken cancellationToken)
    {
        try
        {
            await using var file = File.OpenRead(path);
            return await ReadAsync(file, path, limit, cancellationToken);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new UsageException($"--file cannot be read: {error.Message}");
        }
    }

    private static async Task<byte[]> ReadAsync(Stream source, string name, int limit, CancellationToken cancellationToken)
    {
        using var body = new MemoryStream();
        var buffer = new byte[64 * 1024];
        int count;
        while ((count = await source.ReadAsync(buffer, cancellationToken)) > 0)
        {
            body.Write(buffer, 0, count);
            if (body.Length > limit)
            {
                throw new UsageException(string.Create(
                    CultureInfo.InvariantCulture, $"{name} has more than {limit:N0} bytes, which Warren:Messaging:MaxMessageBytes allows (environment Warren__Messaging__MaxMessageBytes)."));
            }
        }

        return body.ToArray();
    }
}
