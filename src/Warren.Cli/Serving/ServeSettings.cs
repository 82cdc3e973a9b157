using Microsoft.Extensions.Configuration;
using Warren.AI.Engines;
using Warren.AI.Grading;
using Warren.Coordinator.Storage;

namespace Warren.Cli.Serving;

/// <summary>What a server process is to be, read from flags, environment and files.</summary>
internal sealed record ServeSettings
{
    private static readonly string[] KnownRoles = ["server", "worker", "broker"];

    /// <summary>The settings themselves.</summary>
    public required SettingReader Reader { get; init; }

    /// <summary>The directory of the store and the broker.</summary>
    public required string Data { get; init; }

    /// <summary>The parts that run.</summary>
    public required IReadOnlySet<string> Roles { get; init; }

    /// <summary>The broker.</summary>
    public required BrokerChoice Broker { get; init; }

    /// <summary>The store's address, and the setting that named it.</summary>
    public required (string Address, string ChosenBy) Store { get; init; }

    /// <summary>Reads them.</summary>
    /// <param name="flags">What was given on the command line, by key.</param>
    /// <param name="below">What else there is; null is this directory and the environment.</param>
    /// <exception cref="UsageException">One of them is wrong.</exception>
    public static ServeSettings Read(IReadOnlyDictionary<string, string?> flags, IConfiguration? below = null)
    {
        var reader = new SettingReader(flags, below);
        reader.RefuseUnknown();
        var data = Path.GetFullPath(reader.Find(EnginesFolder.DataKey) ?? EnginesFolder.DefaultData);
        var broker = BrokerChoice.Read(reader);
        var (store, storeBy) = reader.Find(ServerSetting.All.First(setting => setting.Key == "Warren:Store:Url"));
        var address = store ?? $"sqlite:{Path.Combine(data, "warren.db")}";
        try
        {
            StoreAddress.Parse(address);
        }
        catch (FormatException error)
        {
            throw new UsageException($"Warren:Store:Url ({storeBy}): {error.Message}");
        }
        var roles = ReadRoles(reader);
        if (!roles.Contains("broker") && broker.Kind != BrokerKind.External)
            throw new UsageException("Without the role broker another broker is needed: name one with --broker URL or RABBITMQ_URL.");
        return new() { Reader = reader, Data = data, Roles = roles, Broker = broker, Store = (address, storeBy) };
    }

    /// <summary>Where engines are installed, whatever else is set.</summary>
    public static string ReadEnginesDirectory(SettingReader reader) =>
        EnginesFolder.Of(reader.Configuration[$"{GradingOptions.Section}:{nameof(GradingOptions.EnginesDirectory)}"], reader.Find(EnginesFolder.DataKey));

    private static HashSet<string> ReadRoles(SettingReader reader)
    {
        var (text, source) = reader.Find(ServerSetting.All.First(setting => setting.Key == "Warren:Roles"));
        var roles = text is null or "all"
            ? [.. KnownRoles]
            : text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(role => role.ToLowerInvariant()).ToHashSet(StringComparer.Ordinal);
        if (roles.Count == 0 || roles.FirstOrDefault(role => !KnownRoles.Contains(role)) is { } unknown && unknown.Length > 0)
            throw new UsageException($"Warren:Roles is '{text}' ({source}); some of {string.Join(", ", KnownRoles)} were expected.");
        return roles;
    }
}
