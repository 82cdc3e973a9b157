using Xunit;

namespace Warren.TestKit;

/// <summary>A part of a document that is written from the code. A test compares it, and with <c>WARREN_APPROVE=1</c> in the environment writes it anew.</summary>
public static class GeneratedSection
{
    /// <summary>Fails unless the document has this content between the markers of the section, or writes it there.</summary>
    /// <param name="document">The document, named from the root of the repository.</param>
    /// <param name="name">What the markers call the section.</param>
    /// <param name="writer">The test class that writes it, which the first marker names.</param>
    /// <param name="content">What is to stand there.</param>
    public static void Compare(string document, string name, string writer, string content)
    {
        var (first, last) = ($"<!-- {name}: written by {writer} -->", $"<!-- end of {name} -->");
        var text = RepositoryFiles.Read(document);
        var begin = text.IndexOf(first, StringComparison.Ordinal) + first.Length;
        var end = text.IndexOf(last, StringComparison.Ordinal);
        Assert.True(begin >= first.Length && end > begin, $"{document} has lost its markers; expected {first} before {last}.");

        var expected = $"{text[..begin]}\n{content}{text[end..]}";
        if (Environment.GetEnvironmentVariable("WARREN_APPROVE") == "1")
            File.WriteAllText(RepositoryFiles.PathOf(document), text = expected);
        Assert.Equal(expected, text);
    }
}
