namespace Warren.Conventions.Tests;

/// <summary>Says of all offences at once what they are, so that one run is enough to mend them.</summary>
internal static class Nothing
{
    /// <summary>Fails with one line for each offence.</summary>
    public static void In(IEnumerable<string> offences)
    {
        var found = offences.ToList();
        if (found.Count > 0)
            Assert.Fail(string.Join('\n', found));
    }
}
