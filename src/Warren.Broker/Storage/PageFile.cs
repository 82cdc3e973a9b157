namespace Warren.Broker.Storage;

/// <summary>One file of <see cref="MessagePages"/>: how much it holds, and how many of its messages live.</summary>
internal sealed class PageFile(string path, ILogFile content)
{
    /// <summary>Where it is.</summary>
    public string Path { get; } = path;

    /// <summary>What it holds.</summary>
    public ILogFile Content { get; } = content;

    /// <summary>The bytes given to it.</summary>
    public int Length { get; set; }

    /// <summary>The bytes that are in the file; the others are in memory.</summary>
    public int WrittenLength { get; set; }

    /// <summary>How many messages live.</summary>
    public int LiveCount { get; set; }

    /// <summary>How many reads are under way; the file must stay for them.</summary>
    public int Pins { get; set; }
}
