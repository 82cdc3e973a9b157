using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json;
using RabbitMQ.Client;
using Warren.Cli.Bodies;
using Warren.Messaging;

namespace Warren.Cli.Commands;

/// <summary><c>warren listen EXCHANGE PATTERN</c>: prints the events of an exchange as they come, one per line.</summary>
internal static class ListenCommand
{
    // A reader that pauses, as a pager does, must lose nothing unseen: rather than drop, the command ends with an error.
    private static readonly ReadOptions Reading = new() { Capacity = 100_000, Overflow = ReadOverflow.Fail };

    private static readonly Argument<string> Exchange = new("EXCHANGE") { Description = "The exchange. One that does not exist becomes a durable topic exchange." };

    private static readonly Argument<string> Pattern = new("PATTERN")
    {
        Description = "A routing key; in a topic exchange * stands for one word and # for any number of them.",
    };

    private static readonly Option<string?> Broker = BrokerSettings.Option();

    private static readonly Option<int> Count = new("--count")
    {
        HelpName = "N", Description = "End after N events. Without it, ctrl-C ends.", CustomParser = ReadCount, DefaultValueFactory = _ => int.MaxValue,
    };

    private static readonly Option<bool> Json = new("--json") { Description = "Print each event as one line of JSON, with its headers and properties." };

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var command = new Command("listen", "Print the events of an exchange as they come: routing key, content type and body, one event per line.")
        {
            Exchange, Pattern, Broker, Count, Json,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var exchange = parsed.GetRequiredValue(Exchange);
        var pattern = parsed.GetRequiredValue(Pattern);
        var left = parsed.GetValue(Count);
        if (exchange.Length == 0)
            throw new UsageException("The default exchange cannot be listened to: each of its messages goes to the one queue it names.");
        var settings = BrokerSettings.Read(parsed.GetValue(Broker));
        using var output = new Output();
        try
        {
            await using var bus = await settings.ConnectAsync(cancellationToken);
            await using var reader = await bus.ReadRawAsync(
                exchange, pattern, Reading,
                (routingKey, properties, body) => parsed.GetValue(Json) ? JsonLine(routingKey, properties, body) : Line(routingKey, properties, body),
                cancellationToken);
            await Console.Error.WriteLineAsync($"Listening to exchange \"{exchange}\" with \"{pattern}\" at {settings.Address}; ctrl-C ends.");
            await foreach (var line in reader.Events.ReadAllAsync(cancellationToken))
            {
                output.WriteLine(line);
                if (--left == 0)
                    break;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Ctrl-C is how one stops listening.
        }

        return ExitCode.Ok;
    }

    private static int ReadCount(ArgumentResult given)
    {
        if (int.TryParse(given.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0)
            return count;
        given.AddError($"--count is '{given.Tokens[0].Value}'; expected a whole number from 1.");
        return 0;
    }

    private static string Line(string routingKey, IReadOnlyBasicProperties properties, byte[] body) =>
        $"{MessageBody.OneLine(routingKey)}\t{MessageBody.OneLine(properties.ContentType ?? "-")}\t{MessageBody.InOneLine(body)}";

    private static string JsonLine(string routingKey, IReadOnlyBasicProperties properties, byte[] body) => MessageBody.WriteJson(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("routing_key", routingKey);
        Write(writer, "content_type", properties.ContentType);
        Write(writer, "message_id", properties.MessageId);
        Write(writer, "correlation_id", properties.CorrelationId);
        Write(writer, "type", properties.Type);
        if (properties.IsTimestampPresent())
            writer.WriteString("timestamp", DateTimeOffset.FromUnixTimeSeconds(properties.Timestamp.UnixTime));
        if (properties.Headers is { Count: > 0 } headers)
        {
            writer.WritePropertyName("headers");
            Write(writer, headers);
        }

        MessageBody.WriteTo(writer, body);
        writer.WriteEndObject();
    });

    private static void Write(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
            writer.WriteString(name, value);
    }

    // Field tables have more types than JSON; what has none of its own is written as text.
    private static void Write(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case null:
                writer.WriteNullValue();
                break;
            case bool flag:
                writer.WriteBooleanValue(flag);
                break;
            case byte[] bytes:
                writer.WriteStringValue(MessageBody.TryReadText(bytes, out var text) ? text : Convert.ToHexStringLower(bytes));
                break;
            case double number when double.IsFinite(number):
                writer.WriteNumberValue(number);
                break;
            case float number when float.IsFinite(number):
                writer.WriteNumberValue(number);
                break;
            case decimal number:
                writer.WriteNumberValue(number);
                break;
            case long or int or short or sbyte or byte or ushort or uint:
                writer.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case AmqpTimestamp time:
                writer.WriteStringValue(time.ToString());
                break;
            case IDictionary<string, object?> table:
                writer.WriteStartObject();
                foreach (var (name, item) in table)
                {
                    writer.WritePropertyName(name);
                    Write(writer, item);
                }

                writer.WriteEndObject();
                break;
            case IEnumerable<object?> list:
                writer.WriteStartArray();
                foreach (var item in list)
                    Write(writer, item);
                writer.WriteEndArray();
                break;
            default:
                writer.WriteStringValue(value.ToString());
                break;
        }
    }
}
