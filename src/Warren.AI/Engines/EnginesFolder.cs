namespace Warren.AI.Engines;

/// <summary>The directory that engines of npm are installed in, and looked for.</summary>
internal static class EnginesFolder
{
    /// <summary>The setting that names Warren's directory of data.</summary>
    public const string DataKey = "Warren:Data";

    /// <summary>Where it is.</summary>
    /// <param name="chosen">The directory that was set for engines, or null.</param>
    /// <param name="data">Warren's directory of data, or null: then it is the user's.</param>
    public static string Of(string? chosen, string? data = null) => Path.GetFullPath(chosen ?? Path.Combine(data ?? DefaultData, "engines"));

    /// <summary>Where Warren keeps data when nobody says.</summary>
    public static string DefaultData =>
        Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "warren");
}
