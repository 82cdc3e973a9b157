using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Warren.Coordinator.Schemas;

/// <summary>One check of one value by a schema; made for one use.</summary>
internal sealed class SchemaCheck
{
    private const int MostProblems = 20;
    private const int Shown = 40;

    private long _stepsLeft;

    /// <summary>What is wrong with a value; empty if nothing is.</summary>
    public List<ArgsProblem> Run(SchemaNode schema, JsonElement value)
    {
        // Enough to try many alternatives for each value, and so that what a stranger sends costs no more than its size allows.
        _stepsLeft = 10_000 + Math.Min(16L * JsonMarshal.GetRawUtf8Value(value).Length, 20_000_000);
        var problems = new List<ArgsProblem>();
        Check(schema, value, null, null, problems);
        return _stepsLeft > 0
            ? problems
            : [new("", "they nest too deeply for the alternatives of their schema to be tried; simpler ones were expected.")];
    }

    private void Check(SchemaNode node, JsonElement value, Place? place, Visit? before, List<ArgsProblem> problems)
    {
        // A schema that refers to itself at the same value adds nothing to what is checked already.
        for (var visit = before; visit is not null; visit = visit.Before)
        {
            if (visit.Node == node)
                return;
        }
        if (problems.Count >= MostProblems || --_stepsLeft <= 0)
            return;
        if (node.TakesNothing)
        {
            problems.Add(new(Place.Of(place), $"{Found(value)} was found; nothing was expected here.", true));
            return;
        }
        if (node.Types is { } types && !types.Any(type => Is(value, type)))
        {
            problems.Add(new(Place.Of(place), $"{Found(value)} was found; {string.Join(" or ", types.Select(Named))} was expected.", true));
            return;
        }
        if (node.Values is { } values && !values.Any(one => JsonElement.DeepEquals(one, value)))
            problems.Add(new(Place.Of(place), $"{Found(value)} was found; {Choice(values)} was expected.", IsOtherForm: true, IsOtherMark: values.Count == 1));

        var here = new Visit(node, before);
        if (node.Reference is { } reference)
            Check(reference, value, place, here, problems);
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                CheckProperties(node, value, place, problems);
                break;
            case JsonValueKind.Array:
                CheckItems(node, value, place, problems);
                break;
            case JsonValueKind.String:
                CheckText(node, value.GetString()!, place, problems);
                break;
            case JsonValueKind.Number:
                CheckNumber(node, value, place, problems);
                break;
        }
        CheckAlternatives(node, value, place, here, problems);
    }

    private void CheckProperties(SchemaNode node, JsonElement value, Place? place, List<ArgsProblem> problems)
    {
        foreach (var name in node.Required.Where(name => !value.TryGetProperty(name, out _)))
        {
            var like = value.EnumerateObject().Select(property => property.Name).FirstOrDefault(other => other.Equals(name, StringComparison.OrdinalIgnoreCase));
            Add(problems, new(Place.Of(place), $"the property '{name}' is missing{(like is null ? "" : $"; '{Cut(like)}' is spelled otherwise")}."));
        }
        foreach (var property in value.EnumerateObject())
        {
            if (problems.Count >= MostProblems)
                return;
            if (node.Properties?.TryGetValue(property.Name, out var known) == true)
                Check(known, property.Value, new(place, property.Name), null, problems);
            else if (node.AdditionalProperties is { TakesNothing: true })
                Add(problems, new(Place.Of(new(place, property.Name)), $"there is no such property; {Names(node)}."));
            else if (node.AdditionalProperties is { } additional)
                Check(additional, property.Value, new(place, property.Name), null, problems);
        }
    }

    private void CheckItems(SchemaNode node, JsonElement value, Place? place, List<ArgsProblem> problems)
    {
        var count = value.GetArrayLength();
        if (count < node.Count.Least || count > node.Count.Most)
            Add(problems, new(Place.Of(place), $"{count} items were found; {Between(node.Count.Least, node.Count.Most)} were expected."));
        if (node.Items is not { } items)
            return;
        var index = 0;
        foreach (var item in value.EnumerateArray())
        {
            if (problems.Count >= MostProblems)
                return;
            Check(items, item, new(place, null, index++), null, problems);
        }
    }

    private static void CheckText(SchemaNode node, string text, Place? place, List<ArgsProblem> problems)
    {
        if (node.Length is not (0, int.MaxValue))
        {
            // Characters are those of Unicode (JSON Schema Validation §6.3.1).
            var length = text.EnumerateRunes().Count();
            if (length < node.Length.Least || length > node.Length.Most)
                Add(problems, new(Place.Of(place), $"a text of {length} characters was found; {Between(node.Length.Least, node.Length.Most)} were expected."));
        }
        if (node.Pattern is { } pattern && !pattern.IsMatch(text))
            Add(problems, new(Place.Of(place), $"\"{Cut(text)}\" was found; a text that matches {pattern} was expected."));
    }

    private static void CheckNumber(SchemaNode node, JsonElement value, Place? place, List<ArgsProblem> problems)
    {
        var number = value.GetDouble();
        if (number < node.Range.Least || number > node.Range.Most)
        {
            var limit = number < node.Range.Least ? $"at least {Text(node.Range.Least)}" : $"at most {Text(node.Range.Most)}";
            Add(problems, new(Place.Of(place), $"{Cut(value.GetRawText())} was found; {limit} was expected."));
        }
    }

    private void CheckAlternatives(SchemaNode node, JsonElement value, Place? place, Visit here, List<ArgsProblem> problems)
    {
        if (node.AnyOf is { } alternatives)
        {
            var tried = new List<List<ArgsProblem>>();
            foreach (var alternative in alternatives)
            {
                if (_stepsLeft <= 0)
                    return;
                var found = new List<ArgsProblem>();
                Check(alternative, value, place, here, found);
                if (found.Count == 0)
                {
                    tried.Clear();
                    break;
                }
                tried.Add(found);
            }
            if (tried.Count > 0)
                AddAll(problems, Nearest(tried, value, Place.Of(place)));
        }
        if (node.Not is { } not)
        {
            var found = new List<ArgsProblem>();
            Check(not, value, place, here, found);
            if (found.Count == 0)
                Add(problems, new(Place.Of(place), $"{Found(value)} was found, which is excluded."));
        }
    }

    // Of several forms that do not fit, the one that was meant: its problems are not that the value is something else altogether.
    private static List<ArgsProblem> Nearest(List<List<ArgsProblem>> tried, JsonElement value, string pointer)
    {
        var meant = tried.Where(problems => !problems.Any(problem => IsOther(problem, pointer))).ToList();
        if (meant.Count == 1)
            return meant[0];
        return [new(pointer, $"{Found(value)} was found, which is none of {tried.Count} forms: {string.Join(" ", tried.Take(3).Select((problems, i) => $"({i + 1}) {Cut(problems[0].ToString(), 200)}"))}", true)];
    }

    // The value is of another kind, or its property that says which form it has says another.
    private static bool IsOther(ArgsProblem problem, string pointer) => (problem.IsOtherForm && problem.Pointer == pointer)
        || (problem.IsOtherMark && problem.Pointer.StartsWith(pointer + "/", StringComparison.Ordinal) && problem.Pointer.IndexOf('/', pointer.Length + 1) < 0);

    private static void Add(List<ArgsProblem> problems, ArgsProblem problem)
    {
        if (problems.Count < MostProblems)
            problems.Add(problem);
    }

    private static void AddAll(List<ArgsProblem> problems, IEnumerable<ArgsProblem> more) => problems.AddRange(more.Take(MostProblems - problems.Count));

    private static bool Is(JsonElement value, string type) => (type, value.ValueKind) switch
    {
        ("object", JsonValueKind.Object) or ("array", JsonValueKind.Array) or ("string", JsonValueKind.String) or ("null", JsonValueKind.Null) => true,
        ("boolean", JsonValueKind.True or JsonValueKind.False) or ("number", JsonValueKind.Number) => true,
        ("integer", JsonValueKind.Number) => IsWhole(value),
        _ => false,
    };

    // 1.0 is a whole number too (JSON Schema §4.2.3).
    private static bool IsWhole(JsonElement value) => value.TryGetInt64(out _) || value.TryGetUInt64(out _)
        || !value.GetRawText().AsSpan().ContainsAny('.', 'e', 'E') || (value.TryGetDouble(out var number) && Math.Floor(number) == number);

    private static string Named(string type) => type switch
    {
        "object" => "an object",
        "array" => "an array",
        "string" => "a text",
        "boolean" => "true or false",
        "number" => "a number",
        "integer" => "a whole number",
        _ => type,
    };

    private static string Found(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => $"the text \"{Cut(value.GetString()!)}\"",
        _ => Cut(value.GetRawText()),
    };

    private static string Choice(IReadOnlyList<JsonElement> values)
    {
        var shown = string.Join(", ", values.Take(10).Select(value => Cut(value.GetRawText())));
        return values.Count == 1 ? shown : values.Count > 10 ? $"one of {shown} and {values.Count - 10} others" : $"one of {shown}";
    }

    private static string Names(SchemaNode node) => node.Properties is { Count: > 0 } properties
        ? $"there may be {string.Join(", ", properties.Keys.Take(20))}"
        : "there may be none";

    private static string Between(int least, int most) => least == most ? $"{least}" : most == int.MaxValue ? $"at least {least}" : $"{least} to {most}";

    private static string Text(double number) => number.ToString("R", CultureInfo.InvariantCulture);

    private static string Cut(string text, int length = Shown)
    {
        var cut = new StringBuilder();
        foreach (var rune in text.EnumerateRunes().Take(length))
            cut.Append(Rune.IsControl(rune) ? "�" : rune.ToString());
        return cut.Length < text.Length ? cut.Append('…').ToString() : cut.ToString();
    }

    /// <summary>Where in the args a value is; written out only when something is wrong there.</summary>
    private sealed record Place(Place? Parent, string? Name, int Index = 0)
    {
        public static string Of(Place? place)
        {
            var steps = new Stack<string>();
            for (; place is not null; place = place.Parent)
                steps.Push(place.Name is null ? place.Index.ToString(CultureInfo.InvariantCulture) : ArgsSchema.Escape(place.Name));
            return string.Concat(steps.Select(step => "/" + step));
        }
    }

    /// <summary>The schemas that are being checked at one value.</summary>
    private sealed record Visit(SchemaNode Node, Visit? Before);
}
