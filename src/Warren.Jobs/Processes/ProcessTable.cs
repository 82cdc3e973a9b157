using System.Globalization;

namespace Warren.Jobs.Processes;

/// <summary>The processes of this machine as Linux tells them (proc(5)); elsewhere there are none to see.</summary>
internal static class ProcessTable
{
    /// <summary>Every process that could be read. One that ends meanwhile is left out.</summary>
    public static IEnumerable<Entry> Read()
    {
        if (!OperatingSystem.IsLinux())
            yield break;
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var id) && Read(id) is { } entry)
                yield return entry;
        }
    }

    private static Entry? Read(int id)
    {
        string text;
        try
        {
            text = File.ReadAllText($"/proc/{id}/stat");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It has ended since the directory was listed, or is hidden from us: then it is not ours either.
            return null;
        }
        // The name, in brackets, may itself hold blanks and brackets. After it: state ppid pgrp session … rss is the 22nd.
        var fields = text[(text.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 21
            ? new Entry(id, fields[0] == "Z", Number(fields[2]), Number(fields[3]), Number(fields[21]) * Environment.SystemPageSize)
            : null;
    }

    private static long Number(string field) => long.Parse(field, CultureInfo.InvariantCulture);

    /// <summary>One process.</summary>
    /// <param name="Id">Its id.</param>
    /// <param name="IsZombie">Whether it has ended and only its parent has not asked yet.</param>
    /// <param name="Group">The id of its process group.</param>
    /// <param name="Session">The id of its session.</param>
    /// <param name="ResidentBytes">The memory it holds; what it shares with others counts for each.</param>
    internal readonly record struct Entry(int Id, bool IsZombie, long Group, long Session, long ResidentBytes);
}
