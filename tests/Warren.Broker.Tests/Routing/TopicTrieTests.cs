using Warren.Broker.Routing;

namespace Warren.Broker.Tests.Routing;

public sealed class TopicTrieTests
{
    private readonly TopicTrie _trie = new();
    private readonly Destinations _found = new();

    [Theory]
    [InlineData("a.b", "a.b", true)]
    [InlineData("a.b", "a.b.c", false)]
    [InlineData("a.b", "a", false)]
    [InlineData("a.*", "a.b", true)]
    [InlineData("a.*", "a.", true)]
    [InlineData("a.*", "a", false)]
    [InlineData("a.*", "a.b.c", false)]
    [InlineData("*", "", false)]
    [InlineData("*", "a", true)]
    [InlineData("*", ".", false)]
    [InlineData("*.*", ".", true)]
    [InlineData("#", "", true)]
    [InlineData("#", "a", true)]
    [InlineData("#", "a.b.c", true)]
    [InlineData("", "", true)]
    [InlineData("", "a", false)]
    [InlineData(".", ".", true)]
    [InlineData(".", "", false)]
    [InlineData("a.#", "a", true)]
    [InlineData("a.#", "a.b.c", true)]
    [InlineData("a.#", "b", false)]
    [InlineData("#.a", "a", true)]
    [InlineData("#.a", "b.c.a", true)]
    [InlineData("#.a", "a.b", false)]
    [InlineData("a.#.b", "a.b", true)]
    [InlineData("a.#.b", "a.x.y.b", true)]
    [InlineData("a.#.b", "a.b.c", false)]
    [InlineData("#.#", "", true)]
    [InlineData("#.*", "", false)]
    [InlineData("#.*", "a", true)]
    [InlineData("*.#", "a.b", true)]
    [InlineData("#.a.#", "x.a.y", true)]
    [InlineData("#.a.#", "x.y", false)]
    [InlineData("a..b", "a..b", true)]
    [InlineData("a.*.b", "a..b", true)]
    [InlineData("a#", "a", false)]
    [InlineData("a#", "a#", true)]
    [InlineData("**", "a", false)]
    [InlineData("*.b", "*.b", true)]
    [InlineData("a.b", "A.b", false)]
    [InlineData("grün.*", "grün.🐇", true)]
    public void A_pattern_fits_a_key(string pattern, string key, bool fits)
    {
        _trie.Add(pattern, new NamedQueue("q"));

        Assert.Equal(fits, Match(key).Length == 1);
        Assert.Equal(fits, NaiveMatch(Words(pattern), Words(key)));
    }

    [Fact]
    public void The_trie_agrees_with_a_naive_matcher()
    {
        var random = new Random(2026);
        for (var round = 0; round < 300; round++)
        {
            var patterns = new Dictionary<string, NamedQueue>();
            var trie = new TopicTrie();
            for (var i = random.Next(30); i >= 0; i--)
            {
                var pattern = Key(random, ["a", "b", "c", "", "*", "#", "#", "ab"], 6);
                if (patterns.TryAdd(pattern, new NamedQueue(pattern)))
                    trie.Add(pattern, patterns[pattern]);
            }

            foreach (var removed in patterns.Keys.Where(_ => random.Next(3) == 0).ToArray())
            {
                trie.Remove(removed, patterns[removed]);
                patterns.Remove(removed);
            }

            for (var i = 0; i < 100; i++)
            {
                var key = Key(random, ["a", "b", "c", "", "ab", "d", "*", "#"], 7);
                var expected = patterns.Keys.Where(pattern => NaiveMatch(Words(pattern), Words(key)));
                _found.Clear();
                trie.Match(key, _found);
                Assert.Equal(expected.Order(StringComparer.Ordinal), _found.Queues.ToArray().Select(queue => queue.Name).Order(StringComparer.Ordinal));
            }

            foreach (var (pattern, queue) in patterns)
                trie.Remove(pattern, queue);
            Assert.True(trie.IsEmpty);
        }
    }

    [Fact]
    public void Hostile_patterns_and_keys_of_the_greatest_length_are_matched_in_few_steps()
    {
        // 2^128 ways lead through this pattern; a matcher that tried them one after another would never come back.
        var hostile = string.Join('.', Enumerable.Repeat("#", 128));
        var mixed = string.Join('.', Enumerable.Repeat("#.a", 64)) + ".b";
        _trie.Add(hostile, new NamedQueue("hostile"));
        _trie.Add(mixed, new NamedQueue("mixed"));

        Assert.Equal(["hostile"], Match(string.Join('.', Enumerable.Repeat("a", 128))));
        Assert.Equal(["hostile", "mixed"], Match(string.Join('.', Enumerable.Repeat("a", 127)) + ".b"));
        Assert.Equal(["hostile"], Match(new string('.', 255)));
    }

    [Fact]
    public void Removing_what_is_not_there_changes_nothing()
    {
        var queue = new NamedQueue("q");
        _trie.Add("a.b", queue);

        _trie.Remove("a", queue);
        _trie.Remove("a.b.c", queue);
        _trie.Remove("a.b", new NamedQueue("other"));

        Assert.Equal(["q"], Match("a.b"));
        _trie.Remove("a.b", queue);
        Assert.True(_trie.IsEmpty);
    }

    [Fact]
    public void A_match_allocates_nothing()
    {
        string[] patterns = ["a.b.c", "a.*.c", "#.c", "a.#", "x.y"];
        foreach (var pattern in patterns)
            _trie.Add(pattern, new NamedQueue(pattern));
        Match();

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            Match();

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(4, _found.Queues.Length);

        void Match()
        {
            _found.Clear();
            _trie.Match("a.b.c", _found);
        }
    }

    private string[] Match(string key)
    {
        _found.Clear();
        _trie.Match(key, _found);
        return [.. _found.Queues.ToArray().Select(queue => queue.Name).Order(StringComparer.Ordinal)];
    }

    private static string Key(Random random, string[] words, int longest) =>
        string.Join('.', Enumerable.Range(0, random.Next(longest + 1)).Select(_ => words[random.Next(words.Length)]));

    private static string[] Words(string key) => key.Length == 0 ? [] : key.Split('.');

    /// <summary>The rule of AMQP 0-9-1 §3.1.3.3 said as plainly as can be.</summary>
    private static bool NaiveMatch(ReadOnlySpan<string> pattern, ReadOnlySpan<string> key)
    {
        if (pattern.IsEmpty)
            return key.IsEmpty;
        if (pattern[0] == "#")
            return NaiveMatch(pattern[1..], key) || (!key.IsEmpty && NaiveMatch(pattern, key[1..]));
        return !key.IsEmpty && (pattern[0] == "*" || pattern[0] == key[0]) && NaiveMatch(pattern[1..], key[1..]);
    }
}
