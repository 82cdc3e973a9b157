using System.Text;

namespace Warren.Jobs;

/// <summary>The stable name of a kind of job on the wire, in the store and in settings.</summary>
public class JobKind
{
    /// <summary>The most bytes a kind's name has.</summary>
    public const int MaxLength = 100;

    /// <summary>A kind by name.</summary>
    /// <param name="name">Dotted lower case, as in <c>grading.writing</c>: <c>[a-z][a-z0-9]*([.-][a-z0-9]+)*</c>, at most 100 bytes.</param>
    /// <exception cref="ArgumentException">The name is not of that form.</exception>
    public JobKind(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!IsValid(name))
            throw new ArgumentException($"'{Shown(name)}' is not the name of a kind; {Form} was expected.", nameof(name));
        Name = name;
    }

    /// <summary>The name.</summary>
    public string Name { get; }

    /// <summary>How a name looks, for messages.</summary>
    internal static string Form => $"lower-case words joined by '.' or '-', as in grading.writing, of at most {MaxLength} bytes";

    /// <summary>Whether a text is the name of a kind.</summary>
    public static bool IsValid(string? name)
    {
        if (name is not { Length: > 0 and <= MaxLength } || !char.IsAsciiLetterLower(name[0]))
            return false;
        for (var i = 1; i < name.Length; i++)
        {
            var c = name[i];
            var inside = char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c);
            var joint = c is '.' or '-' && i + 1 < name.Length && (char.IsAsciiLetterLower(name[i + 1]) || char.IsAsciiDigit(name[i + 1]));
            if (!inside && !joint)
                return false;
        }
        return true;
    }

    /// <summary>The name.</summary>
    public override string ToString() => Name;

    private static string Shown(string name)
    {
        var shown = new StringBuilder();
        foreach (var rune in name.EnumerateRunes().Take(MaxLength))
            shown.Append(Rune.IsControl(rune) ? "�" : rune.ToString());
        return shown.ToString();
    }
}

/// <summary>
/// A kind of job with the types of its args and its result: one shared line gives typed submit, typed result, JSON schema and handler.
/// </summary>
/// <typeparam name="TArgs">What the job is given; JSON with names in snake_case.</typeparam>
/// <typeparam name="TResult">What it ends with.</typeparam>
/// <param name="name"><inheritdoc cref="JobKind(string)" path="/param[@name='name']"/></param>
public sealed class JobKind<TArgs, TResult>(string name) : JobKind(name);
