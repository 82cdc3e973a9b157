using System.Runtime.InteropServices;

namespace Warren.AI.Grading.Writing.Chat;

/// <summary>
/// Finds the errors that a model reports where they stand in the text. Models count badly: some in code points, so that each emoji before an error
/// puts it off by one, most just about. So a place counts only if the words are there; else they are looked for near it.
/// </summary>
internal sealed class ErrorPlaces
{
    // How far off a place may be if the same words stand elsewhere too.
    private const int Near = 100;

    private readonly string _text;
    private readonly Dictionary<string, List<int>> _occurrences = new(StringComparer.Ordinal);

    private ErrorPlaces(string text) => _text = text;

    /// <summary>Puts errors at their places.</summary>
    /// <param name="text">The text they are in.</param>
    /// <param name="claims">The errors.</param>
    public static PlacedErrors Find(string text, IReadOnlyList<ClaimedError> claims)
    {
        var places = new ErrorPlaces(text);
        var begins = places.InUnits(claims);
        var found = new Dictionary<(int Begin, string Text), GrammarError>();
        var (moved, dropped) = (0, 0);
        for (var index = 0; index < claims.Count; index++)
        {
            var claim = claims[index];
            if (places.Place(claim.Text, begins[index]) is not { } begin || !found.TryAdd((begin, claim.Text), Error(claim, begin)))
                dropped++;
            else if (begin != claim.Begin)
                moved++;
        }
        return new([.. found.Values.OrderBy(error => error.Position[0]).ThenBy(error => error.Position[1])], moved, dropped);
    }

    private static GrammarError Error(ClaimedError claim, int begin) => new()
    {
        Text = claim.Text,
        Position = [begin, begin + claim.Text.Length],
        Correction = claim.Correction,
        Explanation = claim.Explanation,
    };

    // Where they claim to begin, in UTF-16 units: as given, unless more of them are right if it is code points that were counted.
    private long[] InUnits(IReadOnlyList<ClaimedError> claims)
    {
        long[] given = [.. claims.Select(claim => claim.Begin)];
        if (!_text.Any(char.IsHighSurrogate))
            return given;
        int[] units = [.. CodePoints()];
        long[] converted = [.. given.Select(begin => begin >= 0 && begin < units.Length ? units[begin] : begin)];
        return Right(claims, converted) > Right(claims, given) ? converted : given;
    }

    private int Right(IReadOnlyList<ClaimedError> claims, long[] begins) => claims.Where((claim, index) => IsAt(claim.Text, begins[index])).Count();

    private IEnumerable<int> CodePoints()
    {
        for (var unit = 0; unit < _text.Length; unit += char.IsSurrogatePair(_text, unit) ? 2 : 1)
            yield return unit;
    }

    private int? Place(string words, long claimed)
    {
        if (string.IsNullOrWhiteSpace(words))
            return null;
        var all = Occurrences(words);
        if (all.Count <= 1)
            return all is [var only] ? only : null;
        claimed = Math.Clamp(claimed, -Near - 1, _text.Length + Near + 1);
        var at = all.BinarySearch((int)claimed);
        if (at >= 0)
            return all[at];
        var after = ~at;
        var ahead = after < all.Count ? all[after] - claimed : long.MaxValue;
        var behind = after > 0 ? claimed - all[after - 1] : long.MaxValue;
        // As far from one as from the other, or far from both: which one is meant cannot be told, and a wrong mark is worse than none.
        return Math.Min(ahead, behind) > Near || ahead == behind ? null : all[ahead < behind ? after : after - 1];
    }

    private bool IsAt(string words, long begin) => begin >= 0 && begin <= int.MaxValue && Occurrences(words).BinarySearch((int)begin) >= 0;

    // As whole words; within words only if they stand nowhere else, for the "is" that is meant is not that of "this".
    private List<int> Occurrences(string words)
    {
        ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(_occurrences, words, out _);
        return known ??= Search(words);
    }

    private List<int> Search(string words)
    {
        List<int> whole = [];
        List<int> all = [];
        for (var at = words.Length == 0 ? -1 : _text.IndexOf(words, StringComparison.Ordinal); at >= 0;
            at = at + 1 < _text.Length ? _text.IndexOf(words, at + 1, StringComparison.Ordinal) : -1)
        {
            all.Add(at);
            if (!IsJoined(at - 1, at) && !IsJoined(at + words.Length - 1, at + words.Length))
                whole.Add(at);
        }
        return whole.Count > 0 ? whole : all;
    }

    private bool IsJoined(int left, int right) =>
        left >= 0 && right < _text.Length && char.IsLetterOrDigit(_text[left]) && char.IsLetterOrDigit(_text[right]);
}

/// <summary>Errors at their places.</summary>
/// <param name="Errors">In the order of the text.</param>
/// <param name="Moved">How many of them the model had placed elsewhere.</param>
/// <param name="Dropped">How many more are not in the text, came twice, or could be meant in two places.</param>
internal sealed record PlacedErrors(IReadOnlyList<GrammarError> Errors, int Moved, int Dropped);
