using System.CommandLine;
using Microsoft.Extensions.Configuration;
using Warren.Messaging;
using Warren.Messaging.Connections;
using Warren.Messaging.Hosting;

namespace Warren.Cli;

/// <summary>Which broker a command uses and which setting chose it: <c>--broker</c>, else what an application here would use.</summary>
internal sealed record BrokerSettings(MessagingOptions Options, BrokerAddress Address, string ChosenBy)
{
    private const string Names = "--broker URL, Warren__Messaging__Url, RABBITMQ_URL or RABBITMQ_HOST (with RABBITMQ_PORT, RABBITMQ_USER, RABBITMQ_PASSWORD, RABBITMQ_VHOST, RABBITMQ_SSL)";

    /// <summary>The option that every command with a broker has.</summary>
    public static Option<string?> Option() => new("--broker")
    {
        HelpName = "URL",
        Description = "The broker: amqp://user:password@host:port/vhost, or amqps:// for TLS. Without it the settings of an application: "
            + "Warren__Messaging__Url, RABBITMQ_URL, RABBITMQ_HOST and its like, appsettings.json of this directory.",
    };

    /// <summary>Reads the settings.</summary>
    /// <exception cref="UsageException">No broker is named, or a setting is wrong.</exception>
    public static BrokerSettings Read(string? broker)
    {
        var settings = new MessagingSettings(Configuration(), busKey: null);
        // A prompt has no patience: one try, and not half a minute for it. Whoever configures it otherwise has his way.
        var options = new MessagingOptions { ConnectAttempts = 1, ConnectTimeout = TimeSpan.FromSeconds(10), ClientName = "warren" };
        settings.Bind(options);
        if (broker is not null)
        {
            options.Url = broker;
            options.Enabled = true;
        }

        settings.Complete(options);
        if (options.Enabled == false)
            throw new UsageException($"Messaging is switched off ({settings.SourceOf(nameof(MessagingOptions.Enabled))}); name a broker with --broker URL.");
        if (options.Url is null && settings.Validate(options) is { Count: <= 1 })
            throw new NoBrokerException($"No broker is named. Expected {Names}.");
        if (settings.Validate(options) is { Count: > 0 } errors)
        {
            // The library speaks of its own name for what was typed as a flag.
            throw new UsageException(string.Join(' ', errors).Replace("Warren:Messaging:Url (code)", "--broker", StringComparison.Ordinal));
        }

        var address = BrokerAddress.Parse(options.Url!);
        address.ApplyTo(options);
        return new BrokerSettings(options, address, broker is null ? settings.SourceOf(nameof(MessagingOptions.Url)) : "--broker");
    }

    /// <summary>Connects a bus that says on standard error what befalls it.</summary>
    /// <exception cref="ConnectionFailedException">The broker cannot be reached, or refuses.</exception>
    public async Task<MessageBus> ConnectAsync(CancellationToken cancellationToken)
    {
        using var loggers = new StandardErrorLog();
        return await MessageBus.ConnectAsync(Options.Url!, Copy, loggers, cancellationToken);
    }

    /// <summary>The settings of this directory and of the environment.</summary>
    /// <exception cref="UsageException">They cannot be read.</exception>
    public static IConfiguration Configuration()
    {
        try
        {
            return new ConfigurationBuilder()
                .SetBasePath(Directory.GetCurrentDirectory())
                .AddJsonFile("appsettings.json", optional: true)
                .AddEnvironmentVariables()
                .Build();
        }
        catch (Exception error) when (error is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"appsettings.json of {Directory.GetCurrentDirectory()} cannot be read: {(error.InnerException ?? error).Message}");
        }
    }

    private void Copy(MessagingOptions options)
    {
        foreach (var setting in MessagingSetting.All)
            setting.Set(options, setting.Get(Options));
        foreach (var (id, key) in Options.Encryption.Keys)
            options.Encryption.Keys[id] = key;
    }
}
