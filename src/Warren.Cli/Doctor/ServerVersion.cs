using System.Globalization;
using System.Text;
using Warren.Messaging;

namespace Warren.Cli.Doctor;

/// <summary>What a broker says it is, and what follows from it.</summary>
internal sealed record ServerVersion(string Product, string Version)
{
    private const int MiB = 1024 * 1024;

    /// <summary>Whether it is a RabbitMQ that Warren is made for: 3.10 to 4.x.</summary>
    public bool IsKnown => Product == "RabbitMQ" && Number is { } number && number >= new Version(3, 10) && number.Major <= 4;

    private Version? Number => System.Version.TryParse(Version.Split('-', '+', '~')[0], out var number) ? number : null;

    private int LargestMessage => Number!.Major >= 4 ? 16 * MiB : 128 * MiB;

    /// <summary>Reads the properties a server sends when a connection is opened (AMQP 0-9-1 §1.4.2.1).</summary>
    public static ServerVersion From(IDictionary<string, object?>? properties) => new(Text(properties, "product"), Text(properties, "version"));

    /// <summary>The checks that need only the version.</summary>
    public IEnumerable<Check> Judge(MessagingOptions options)
    {
        yield return IsKnown ? new Check("version", CheckStatus.Ok, $"{Product} {Version}")
            : Product != "RabbitMQ" || Number is null ? new Check(
                "version", CheckStatus.Warn, $"{Product} {Version}", "Warren is tested with RabbitMQ 3.10 to 4.x; another broker has to behave the same way.")
            : Number.Major > 4 ? new Check(
                "version", CheckStatus.Warn, $"{Product} {Version}", "It is newer than the RabbitMQ versions Warren is tested with, 3.10 to 4.x.")
            : new Check("version", CheckStatus.Warn, $"{Product} {Version}", "It is older than 3.10, the first version Warren is tested with: upgrade it.");
        if (!IsKnown)
            yield break;

        var limit = string.Create(CultureInfo.InvariantCulture, $"{Product} {Version} takes {LargestMessage / MiB} MiB by default (max_message_size)");
        yield return options.MaxMessageBytes <= LargestMessage
            ? new Check("message size", CheckStatus.Ok, string.Create(
                CultureInfo.InvariantCulture, $"messages up to {options.MaxMessageBytes:N0} bytes are sent (Warren:Messaging:MaxMessageBytes); {limit}"))
            : new Check(
                "message size", CheckStatus.Warn,
                string.Create(CultureInfo.InvariantCulture, $"Warren:Messaging:MaxMessageBytes is {options.MaxMessageBytes:N0} and {limit}"),
                "A larger message closes the channel: lower MaxMessageBytes, or raise max_message_size on the broker.");
        if (Number!.Major < 4)
            yield break;
        yield return new Check(
            "delivery limit", CheckStatus.Ok, "a quorum queue without x-delivery-limit gives a message up after 20 returns",
            "Queues that Warren declares send such messages to NAME.dead; give queues of others a dead-letter exchange.");
        yield return new Check(
            "transient queues", CheckStatus.Ok, "queues that are neither durable nor exclusive are refused, or will be",
            "Warren declares none; other programs on this broker must not either.");
    }

    private static string Text(IDictionary<string, object?>? properties, string name) =>
        properties is not null && properties.TryGetValue(name, out var value)
            ? value switch
            {
                byte[] bytes => Encoding.UTF8.GetString(bytes),
                string text => text,
                _ => "?",
            }
            : "?";
}
