using System.Security.Cryptography;
using Warren.Broker;
using Warren.Messaging;
using Warren.Messaging.Connections;
using Warren.Messaging.Hosting;

namespace Warren.Cli.Serving;

/// <summary>Which broker the server uses, and which setting chose it.</summary>
/// <param name="Kind">Ours or another.</param>
/// <param name="Url">The URL of another broker.</param>
/// <param name="ChosenBy">The setting that decided it.</param>
internal sealed record BrokerChoice(BrokerKind Kind, string? Url, string ChosenBy)
{
    private const string Mode = "Warren:Broker:Mode";
    private const string Listen = "Warren:Broker:Listen";

    /// <summary>Something to tell the user: a setting that has no effect.</summary>
    public string? Note { get; init; }

    /// <summary>Decides by the settings.</summary>
    /// <exception cref="UsageException">They are wrong, or contradict each other.</exception>
    public static BrokerChoice Read(SettingReader settings)
    {
        var messaging = new MessagingSettings(settings.Configuration, busKey: null);
        var options = new MessagingOptions();
        messaging.Bind(options);
        var named = options.Url;
        var namedBy = messaging.SourceOf(nameof(MessagingOptions.Url)).Replace("memory Warren:Messaging:Url", "--broker", StringComparison.Ordinal);
        messaging.Complete(options);
        var errors = messaging.Validate(options).Where(_ => options.Url is not null || options.Enabled == true).ToList();
        if (errors.Count > 0)
            throw new UsageException(string.Join(' ', errors));

        var (text, modeBy) = settings.Find(ServerSetting.All.First(setting => setting.Key == Mode));
        var mode = text is null ? BrokerMode.Auto
            : Enum.TryParse<BrokerMode>(text, ignoreCase: true, out var parsed) && Enum.IsDefined(parsed) && !char.IsAsciiDigit(text[0]) ? parsed
            : throw new UsageException($"{Mode} is '{text}' ({modeBy}); Auto, Embedded, External or Off was expected.");
        var choice = Decide(mode, modeBy, options, named, namedBy, messaging.SourceOf(nameof(MessagingOptions.Enabled)));
        var (listen, listenBy) = settings.Find(ServerSetting.All.First(setting => setting.Key == Listen));
        return choice.Kind != BrokerKind.Embedded && listen is not null
            ? choice with { Note = $"{listenBy} has no effect: {(choice.Kind == BrokerKind.External ? $"the broker is {BrokerAddress.Parse(choice.Url!)} ({choice.ChosenBy})" : $"AMQP is off ({choice.ChosenBy})")}." }
            : choice;
    }

    /// <summary>The options of the embedded broker; null for another broker.</summary>
    public BrokerOptions? Options(SettingReader settings, string data)
    {
        switch (Kind)
        {
            case BrokerKind.Embedded:
                var options = new BrokerOptions { Listen = [settings.Find(Listen) ?? "127.0.0.1:5672"], Data = Path.Combine(data, "broker") };
                BrokerAccess.AddTo(options, settings.Configuration);
                return options;
            case BrokerKind.Private:
                // For this process alone: nobody else knows the port or the password.
                return new()
                {
                    Listen = ["127.0.0.1:0"],
                    Data = Path.Combine(data, "broker"),
                    Users = new Dictionary<string, BrokerUser> { ["warren"] = new() { Password = Convert.ToHexString(RandomNumberGenerator.GetBytes(16)) } },
                };
            default:
                return null;
        }
    }

    private static BrokerChoice Decide(BrokerMode mode, string modeBy, MessagingOptions options, string? named, string namedBy, string enabledBy) => mode switch
    {
        BrokerMode.Off => new(BrokerKind.Private, null, modeBy),
        BrokerMode.Embedded when named is not null => throw new UsageException($"{Mode} is Embedded ({modeBy}) and a broker is named ({namedBy}); one of them was expected."),
        BrokerMode.Embedded => new(BrokerKind.Embedded, null, modeBy),
        BrokerMode.External when options.Url is null => throw new UsageException($"{Mode} is External ({modeBy}) and no broker is named; --broker URL or RABBITMQ_URL was expected."),
        _ when options.Enabled == false && mode != BrokerMode.External => new(BrokerKind.Private, null, enabledBy),
        _ when options.Url is not null => new(BrokerKind.External, options.Url, named is null ? enabledBy : namedBy),
        _ => new(BrokerKind.Embedded, null, "default"),
    };
}

/// <summary>The values of <c>Warren:Broker:Mode</c>.</summary>
internal enum BrokerMode
{
    Auto,
    Embedded,
    External,
    Off,
}

/// <summary>What broker there is.</summary>
internal enum BrokerKind
{
    /// <summary>Ours, listening for others too.</summary>
    Embedded,

    /// <summary>Another one.</summary>
    External,

    /// <summary>Ours, for this process alone.</summary>
    Private,
}
