namespace Warren.Cli.Doctor;

/// <summary>One thing the doctor looked at.</summary>
/// <param name="Name">What was looked at, such as <c>connection</c>.</param>
/// <param name="Status">How it is.</param>
/// <param name="Detail">What was found.</param>
/// <param name="Advice">What to do, or to know.</param>
internal sealed record Check(string Name, CheckStatus Status, string Detail, string? Advice = null);

/// <summary>How a thing is that the doctor looked at.</summary>
internal enum CheckStatus
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>It works, and deserves a look.</summary>
    Warn,

    /// <summary>It does not work.</summary>
    Fail,
}
