using System.Runtime.CompilerServices;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Warren.Messaging.Hosting;

/// <summary>Fills, completes and checks the <see cref="MessagingOptions"/> of one bus by <see cref="MessagingSettings"/>.</summary>
internal sealed class MessagingOptionsSetup(MessagingRegistration registration, IConfiguration? configuration)
    : IConfigureNamedOptions<MessagingOptions>, IPostConfigureOptions<MessagingOptions>, IValidateOptions<MessagingOptions>
{
    // IOptions, IOptionsMonitor and IOptionsSnapshot each make options of their own.
    private readonly ConditionalWeakTable<MessagingOptions, MessagingSettings> _settings = [];

    /// <summary>Where the values of the given options came from.</summary>
    public MessagingSettings SettingsOf(MessagingOptions options) =>
        _settings.TryGetValue(options, out var settings) ? settings : throw new InvalidOperationException("These options were not made by this application's options factory.");

    /// <inheritdoc/>
    public void Configure(MessagingOptions options) => Configure(Options.DefaultName, options);

    /// <inheritdoc/>
    public void Configure(string? name, MessagingOptions options)
    {
        if (name != registration.Name)
            return;
        var settings = new MessagingSettings(configuration, registration.Key);
        settings.Bind(options);
        _settings.Add(options, settings);
    }

    /// <inheritdoc/>
    public void PostConfigure(string? name, MessagingOptions options)
    {
        if (name == registration.Name)
            SettingsOf(options).Complete(options);
    }

    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, MessagingOptions options)
    {
        if (name != registration.Name)
            return ValidateOptionsResult.Skip;
        var errors = SettingsOf(options).Validate(options);
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }
}
