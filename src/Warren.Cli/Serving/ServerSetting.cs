namespace Warren.Cli.Serving;

/// <summary>One setting of the server: where it may be given, and what it is when nobody gives it.</summary>
/// <param name="Key">Its key in configuration.</param>
/// <param name="Default">What it is otherwise, in words.</param>
/// <param name="Meaning">What it decides.</param>
internal sealed record ServerSetting(string Key, string Default, string Meaning)
{
    /// <summary>The flag of <c>warren serve</c>.</summary>
    public string? Flag { get; init; }

    /// <summary>An environment variable of its own, besides that of its key.</summary>
    public string? Alias { get; init; }

    /// <summary>Whether it is never shown.</summary>
    public bool IsSecret { get; init; }

    /// <summary>The settings that have no section with options of its own.</summary>
    public static IReadOnlyList<ServerSetting> All { get; } =
    [
        new("Warren:Data", "$XDG_DATA_HOME/warren, or ~/.local/share/warren", "Directory of the store and of the embedded broker.") { Flag = "--data" },
        new("Warren:Roles", "server,worker,broker", "Which parts run in this process, separated by commas.") { Flag = "--roles" },
        new("Warren:Store:Url", "sqlite: warren.db in Warren:Data", "Where jobs are kept: sqlite:PATH, postgres://…, or a connection string of Npgsql.")
        {
            Flag = "--store", Alias = "WARREN_DATABASE", IsSecret = true,
        },
        new("Warren:Broker:Mode", "Auto", "Auto: the broker that is named, else the embedded one. Embedded, External, or Off: no AMQP for others.") { Flag = "--broker-mode" },
        new("Warren:Broker:Listen", "127.0.0.1:5672", "Where the embedded broker listens.") { Flag = "--amqp" },
        new("Warren:Server:Listen", "127.0.0.1:8080", "Where HTTP is served.") { Flag = "--http" },
        new("Warren:Server:AdminKey", "-", "A key with the role admin that is not in the store.") { IsSecret = true },
        new("Warren:Worker:Kinds", "all", "The kinds the worker does, separated by commas.") { Flag = "--kinds" },
    ];
}
