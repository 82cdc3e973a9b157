using System.Text.RegularExpressions;
using Warren.TestKit;

namespace Warren.AI.Tests.Chat;

/// <summary>docs/reference/chat.md promises nothing that no test holds.</summary>
public class ChatReferenceTests
{
    [Fact]
    public void Every_outcome_names_a_test_that_exists()
    {
        var tests = typeof(ChatReferenceTests).Assembly.GetTypes().SelectMany(type => type.GetMethods().Select(method => $"{type.Name}.{method.Name}")).ToHashSet();
        var rows = RepositoryFiles.Read("docs/reference/chat.md").Split("## Outcomes")[1].Split('\n')
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal)).Skip(2).ToList();

        Assert.NotEmpty(rows);
        Assert.All(rows, row =>
        {
            var names = Regex.Matches(row.Split('|')[^2], "`([^`]+)`").Select(match => match.Groups[1].Value).ToList();
            Assert.NotEmpty(names);
            Assert.All(names, name => Assert.Contains(name, tests));
        });
    }
}
