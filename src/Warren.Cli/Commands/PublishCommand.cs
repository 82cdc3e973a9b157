using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Warren.Cli.Bodies;
using Warren.Messaging;

namespace Warren.Cli.Commands;

/// <summary><c>warren publish EXCHANGE KEY</c>: publishes one message and ends when the broker has confirmed it.</summary>
internal static class PublishCommand
{
    private static readonly Argument<string> Exchange = new("EXCHANGE")
    {
        Description = "The exchange; '' is the default exchange, where KEY is the name of a queue. One that does not exist becomes a durable topic exchange.",
    };

    private static readonly Argument<string> Key = new("KEY") { Description = "The routing key." };
    private static readonly Option<string?> Broker = BrokerSettings.Option();
    private static readonly Option<string?> Body = new("--body") { HelpName = "TEXT", Description = "The body. Without --body and --file it is read from standard input." };
    private static readonly Option<string?> File = new("--file") { HelpName = "PATH", Description = "A file with the body, sent as its bytes are." };

    private static readonly Option<string[]> Header = new("--header")
    {
        HelpName = "NAME=VALUE", Description = "A header, as text. May be given several times.", AllowMultipleArgumentsPerToken = false,
    };

    private static readonly Option<string?> Type = new("--type") { HelpName = "NAME", Description = "The message's type, a name for its kind." };

    private static readonly Option<string?> ContentType = new("--content-type")
    {
        HelpName = "MEDIA/TYPE", Description = "The media type. Without it, what the body is: application/json, text/plain or application/octet-stream.",
    };

    private static readonly Option<bool> Mandatory = new("--mandatory") { Description = "Fail, with exit code 1, if the message reaches no queue." };
    private static readonly Option<bool> Json = new("--json") { Description = "Print the result as one JSON object." };

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var command = new Command("publish", "Publish one message, confirmed by the broker. Prints its message id.")
        {
            Exchange, Key, Broker, Body, File, Header, Type, ContentType, Mandatory, Json,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var headers = ReadHeaders(parsed.GetValue(Header) ?? []);
        var settings = BrokerSettings.Read(parsed.GetValue(Broker));
        var body = await BodySource.ReadAsync(parsed.GetValue(Body), parsed.GetValue(File), settings.Options.MaxMessageBytes, cancellationToken);
        var exchange = parsed.GetRequiredValue(Exchange);
        var key = parsed.GetRequiredValue(Key);
        var options = new PublishOptions
        {
            Type = parsed.GetValue(Type),
            Headers = headers.Count == 0 ? null : headers,
            ContentType = parsed.GetValue(ContentType) ?? MessageBody.MediaTypeOf(body),
            Mandatory = parsed.GetValue(Mandatory),
        };

        await using var bus = await settings.ConnectAsync(cancellationToken);
        var start = Stopwatch.GetTimestamp();
        var id = await bus.PublishAsync(exchange, key, body, options, cancellationToken);
        var took = Stopwatch.GetElapsedTime(start);

        using var output = new Output();
        if (parsed.GetValue(Json))
        {
            var result = new PublishResult(id!, exchange, key, options.ContentType, body.Length, Math.Round(took.TotalMilliseconds, 3));
            output.WriteLine(JsonSerializer.Serialize(result, PublishJson.Default.PublishResult));
        }
        else
        {
            output.WriteLine(id!);
            await Console.Error.WriteLineAsync($"{body.Length} bytes ({options.ContentType}) confirmed by {settings.Address} in {took.TotalMilliseconds:0.0} ms");
        }

        return ExitCode.Ok;
    }

    private static Dictionary<string, object?> ReadHeaders(IEnumerable<string> given)
    {
        var headers = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var header in given)
        {
            var equals = header.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
                throw new UsageException($"--header is '{header}'; expected NAME=VALUE.");
            headers[header[..equals]] = header[(equals + 1)..];
        }

        return headers;
    }
}

/// <summary>What <c>publish --json</c> prints.</summary>
internal sealed record PublishResult(string MessageId, string Exchange, string RoutingKey, string ContentType, int Bytes, double ConfirmedMs);

/// <summary>How <c>publish --json</c> prints it.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(PublishResult))]
internal sealed partial class PublishJson : JsonSerializerContext;
