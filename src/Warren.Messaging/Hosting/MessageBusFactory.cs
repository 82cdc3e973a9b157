using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Warren.Messaging.Connections;

namespace Warren.Messaging.Hosting;

/// <summary>Makes the bus that the settings ask for, and says in the log which one and why.</summary>
internal sealed partial class MessageBusFactory(
    MessagingRegistration registration, IOptionsMonitor<MessagingOptions> options, MessagingOptionsSetup setup, ILoggerFactory loggers, TimeProvider time)
{
    /// <summary>The setting that chose the broker, or switched messaging off.</summary>
    public string ChosenBy => Options.Enabled == false
        ? setup.SettingsOf(Options).SourceOf(nameof(MessagingOptions.Enabled))
        : setup.SettingsOf(Options).SourceOf(nameof(MessagingOptions.Url));

    /// <summary>The options of the bus.</summary>
    /// <exception cref="OptionsValidationException">They are not valid.</exception>
    public MessagingOptions Options => options.Get(registration.Name);

    /// <summary>The bus that was made, if one was.</summary>
    public IMessageBus? Created { get; private set; }

    /// <summary>Makes the bus and lets it begin to connect; never waits for the broker.</summary>
    public IMessageBus Create()
    {
        var logger = loggers.CreateLogger<MessageBus>();
        if (Options.Enabled == false)
        {
            Log.Disabled(logger, ChosenBy);
            return Created = new NoOpMessageBus(ChosenBy);
        }

        var address = BrokerAddress.Parse(Options.Url!);
        Log.Broker(logger, address.ToString(), ChosenBy);
        address.ApplyTo(Options);
        var bus = new MessageBus(Options, address, loggers, time);
        bus.Start();
        return Created = bus;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Messaging is switched off by {Setting}: nothing is published and nothing consumed")]
        public static partial void Disabled(ILogger logger, string setting);

        [LoggerMessage(LogLevel.Information, "Messaging uses {Broker}, chosen by {Setting}")]
        public static partial void Broker(ILogger logger, string broker, string setting);
    }
}
