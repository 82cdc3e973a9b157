using System.Text;

namespace Warren.Jobs.Processes;

/// <summary>Splits a command into words as a POSIX shell does (XCU §2.2, quoting), with nothing expanded and nothing run.</summary>
internal static class CommandLine
{
    /// <summary>The words of a command.</summary>
    /// <exception cref="FormatException">A quote is not closed, or the text ends with a backslash.</exception>
    public static IReadOnlyList<string> Split(string text)
    {
        List<string> words = [];
        var word = new StringBuilder();
        var begun = false;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c is ' ' or '\t' or '\n' or '\r')
            {
                if (begun)
                    words.Add(word.ToString());
                word.Clear();
                begun = false;
                continue;
            }
            begun = true;
            if (c == '\'')
                i = Quoted(text, i, word);
            else if (c == '"')
                i = DoublyQuoted(text, i, word);
            else if (c == '\\')
                word.Append(++i < text.Length ? text[i] : throw new FormatException("The command ends with a backslash; a character was expected after it."));
            else
                word.Append(c);
        }
        if (begun)
            words.Add(word.ToString());
        return words;
    }

    /// <summary>Words as one text that <see cref="Split"/> takes apart again, for messages.</summary>
    public static string Join(IEnumerable<string> words) => string.Join(' ', words.Select(Quote));

    private static string Quote(string word) =>
        word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || "-_./:=@%+,".Contains(c, StringComparison.Ordinal))
            ? word
            : $"'{word.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    private static int Quoted(string text, int start, StringBuilder word)
    {
        var end = text.IndexOf('\'', start + 1);
        if (end < 0)
            throw NotClosed('\'', start);
        word.Append(text, start + 1, end - start - 1);
        return end;
    }

    // Between double quotes a backslash stands for itself, except before these.
    private static int DoublyQuoted(string text, int start, StringBuilder word)
    {
        for (var i = start + 1; i < text.Length; i++)
        {
            if (text[i] == '"')
                return i;
            if (text[i] == '\\' && i + 1 < text.Length && text[i + 1] is '"' or '\\' or '$' or '`')
                i++;
            word.Append(text[i]);
        }
        throw NotClosed('"', start);
    }

    private static FormatException NotClosed(char quote, int start) =>
        new($"The {quote} at character {start + 1} of the command is not closed.");
}
