using Warren.TestKit;

namespace Warren.Docs.Tests;

public class SnippetTests
{
    public static TheoryData<string> Documents => [.. Repository.Documents];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_CSharp_block_of_a_document_is_compiled_byte_for_byte(string document)
    {
        var blocks = Repository.Fences(document, "csharp").ToList();

        Assert.NotEmpty(blocks);
        Assert.All(blocks, block => Assert.True(
            Repository.Snippets.Values.Contains(block), $"{document} has a block that is no snippet of tests/Warren.Docs.Tests/Snippets:\n{block}"));
    }

    [Fact]
    public void Every_snippet_is_shown_somewhere()
    {
        var shown = Repository.Documents.SelectMany(document => Repository.Fences(document, "csharp")).ToHashSet(StringComparer.Ordinal);

        Assert.All(Repository.Snippets, snippet => Assert.True(shown.Contains(snippet.Value), $"No document shows the snippet {snippet.Key}."));
    }

    // Blocks in other spellings of the language's name would not be compiled.
    [Theory]
    [MemberData(nameof(Documents))]
    public void A_document_has_blocks_of_known_languages_only(string document) => Assert.DoesNotContain(
        RepositoryFiles.Read(document).Split('\n'), line => line.StartsWith("```", StringComparison.Ordinal) && line is not ("```" or "```csharp" or "```bash" or "```text" or "```json" or "```xml"));
}
