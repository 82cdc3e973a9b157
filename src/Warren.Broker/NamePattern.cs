using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace Warren.Broker;

/// <summary>A pattern of names in a permission, with RabbitMQ's meaning: found anywhere in the name, and an empty one matches no name.</summary>
internal sealed class NamePattern
{
    private const string Anything = ".*";

    // Names repeat with every publish; beyond this many different ones they are hostile or generated, and are forgotten.
    private const int MostRemembered = 1024;

    private static readonly TimeSpan LongestMatch = TimeSpan.FromMilliseconds(100);

    private readonly Regex? _regex;
    private readonly ConcurrentDictionary<string, bool> _known = new(StringComparer.Ordinal);

    /// <summary>Compiles a pattern.</summary>
    /// <exception cref="ArgumentException">It is not a regular expression.</exception>
    public NamePattern(string pattern)
    {
        if (pattern != Anything)
            _regex = Compile(pattern.Length == 0 ? "^$" : pattern);
    }

    /// <summary>True when the pattern is found in <paramref name="name"/>.</summary>
    public bool Matches(string name)
    {
        if (_regex is null)
            return true;
        if (_known.TryGetValue(name, out var known))
            return known;

        var matches = Search(_regex, name);
        if (_known.Count >= MostRemembered)
            _known.Clear();
        _known[name] = matches;
        return matches;
    }

    // Twice: once the time may be over because the machine stood still, and the answer is remembered.
    private static bool Search(Regex regex, string name) => TrySearch(regex, name) ?? TrySearch(regex, name) ?? false;

    private static bool? TrySearch(Regex regex, string name)
    {
        try
        {
            return regex.IsMatch(name);
        }
        catch (RegexMatchTimeoutException)
        {
            // What cannot be decided is not permitted.
            return null;
        }
    }

    private static Regex Compile(string pattern)
    {
        try
        {
            return new(pattern, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
        }
        catch (NotSupportedException)
        {
            // Looking ahead needs backtracking, as in ^(?!secret); that search has a limit instead.
            return new(pattern, RegexOptions.CultureInvariant, LongestMatch);
        }
    }
}
