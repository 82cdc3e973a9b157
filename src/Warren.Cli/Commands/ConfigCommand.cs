using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Configuration;
using Spectre.Console;
using Warren.Cli.Server;
using Warren.Cli.Serving;
using Warren.Coordinator.Storage;
using Warren.Messaging;
using Warren.Messaging.Connections;
using Warren.Messaging.Hosting;

namespace Warren.Cli.Commands;

/// <summary><c>warren config</c>: what a server started here would run with, and where each value comes from.</summary>
internal static class ConfigCommand
{
    private static readonly Option<bool> Json = new("--json") { Description = "Print JSON." };

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var command = new Command("config", "Show each setting that a server started here would have, and where it comes from. Secrets are masked.") { Json };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var settings = ServeSettings.Read(new Dictionary<string, string?>());
        var values = Values(settings).ToList();
        using var output = new Output();
        if (parsed.GetValue(Json))
        {
            output.WriteLine(new JsonArray([.. values.Select(value => new JsonObject
            {
                ["key"] = value.Key, ["value"] = value.Value, ["source"] = value.Source,
            })]).ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
            return ExitCode.Ok;
        }
        var table = new Table().Border(TableBorder.None).AddColumns("setting", "value", "from");
        foreach (var (key, value, source) in values)
            table.AddRow(Markup.Escape(key), Markup.Escape(value), Markup.Escape(source));
        JobText.Print(table, output);
        return ExitCode.Ok;
    }

    private static IEnumerable<(string Key, string Value, string Source)> Values(ServeSettings settings)
    {
        foreach (var setting in ServerSetting.All)
        {
            var (value, source) = settings.Reader.Find(setting);
            yield return (setting.Key, setting.Key == "Warren:Data" ? settings.Data : value is null ? setting.Default : setting.IsSecret ? Masked(setting, value) : value, source);
        }

        var messaging = new MessagingSettings(settings.Reader.Configuration, busKey: null);
        var options = new MessagingOptions();
        messaging.Bind(options);
        messaging.Complete(options);
        foreach (var setting in MessagingSetting.All)
        {
            var value = setting.Get(options);
            var text = value is null ? "-"
                : setting.Key == nameof(MessagingOptions.Url) ? BrokerAddress.Parse((string)value).ToString()
                : setting.IsSecret ? "***"
                : MessagingSetting.Format(value);
            yield return ($"Warren:Messaging:{setting.Key}", text, messaging.SourceOf(setting.Key));
        }

        // What else is set: sections with options of their own name their defaults in docs/reference/configuration.md.
        foreach (var (key, value) in settings.Reader.Configuration.AsEnumerable().Where(pair => pair.Value is not null && IsElsewhere(pair.Key)).OrderBy(pair => pair.Key, StringComparer.OrdinalIgnoreCase))
            yield return (key, IsSecret(key) ? "***" : value!, settings.Reader.SourceOf(key));
    }

    private static bool IsElsewhere(string key) =>
        key.StartsWith("Warren:", StringComparison.OrdinalIgnoreCase) && !key.StartsWith("Warren:Messaging:", StringComparison.OrdinalIgnoreCase)
        && !ServerSetting.All.Any(setting => setting.Key.Equals(key, StringComparison.OrdinalIgnoreCase));

    private static bool IsSecret(string key) =>
        key.EndsWith("Password", StringComparison.OrdinalIgnoreCase) || key.EndsWith("Key", StringComparison.OrdinalIgnoreCase)
        || key.Contains("Secret", StringComparison.OrdinalIgnoreCase) || key.Contains(":Environment:", StringComparison.OrdinalIgnoreCase);

    // The store's description has no password; an address has.
    private static string Masked(ServerSetting setting, string value) =>
        setting.Key == "Warren:Store:Url" ? StoreAddress.Parse(value).Create(TimeProvider.System).Description : "***";
}
