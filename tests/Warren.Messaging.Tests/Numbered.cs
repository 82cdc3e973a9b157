namespace Warren.Messaging.Tests;

/// <summary>The message most tests send: told apart by its number.</summary>
internal sealed record Numbered(int Id, string Text = "")
{
    /// <summary>Messages numbered from 0.</summary>
    public static IEnumerable<Numbered> Range(int count) => Enumerable.Range(0, count).Select(id => new Numbered(id));
}
