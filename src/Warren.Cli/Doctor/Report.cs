using Spectre.Console;
using Warren.Cli.Bodies;

namespace Warren.Cli.Doctor;

/// <summary>What the doctor found, as text for a person or JSON for a program.</summary>
internal static class Report
{
    /// <summary>One line per check, its advice below it; coloured on a terminal unless <c>NO_COLOR</c> is set.</summary>
    public static string Text(IReadOnlyList<Check> checks, bool colored)
    {
        using var text = new StringWriter { NewLine = "\n" };
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = colored ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = colored ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(text),
        });
        // Lines are for grep as much as for eyes: the terminal breaks them, not we.
        console.Profile.Width = 1_000_000;
        var width = checks.Max(check => check.Name.Length);
        foreach (var check in checks)
        {
            var (color, word) = check.Status switch
            {
                CheckStatus.Ok => ("green", "ok  "),
                CheckStatus.Warn => ("yellow", "warn"),
                _ => ("red", "fail"),
            };
            console.Markup($"[{color}]{word}[/]  {Markup.Escape(Line(check.Name).PadRight(width))}  {Markup.Escape(Line(check.Detail))}\n");
            if (check.Advice is not null)
                console.Markup($"      {new string(' ', width)}  [blue]→[/] {Markup.Escape(Line(check.Advice))}\n");
        }

        return text.ToString().TrimEnd();
    }

    /// <summary>One object with an array of the checks.</summary>
    public static string Json(BrokerSettings? settings, Uri? server, IReadOnlyList<Check> checks) => MessageBody.WriteJson(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("broker", settings?.Address.ToString());
        writer.WriteString("chosen_by", settings?.ChosenBy);
        writer.WriteString("server", server?.GetLeftPart(UriPartial.Authority));
        writer.WriteString("status", Word(checks.Max(check => check.Status)));
        writer.WriteStartArray("checks");
        foreach (var check in checks)
        {
            writer.WriteStartObject();
            writer.WriteString("check", check.Name);
            writer.WriteString("status", Word(check.Status));
            writer.WriteString("detail", check.Detail);
            writer.WriteString("advice", check.Advice);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    private static string Line(string text) => MessageBody.OneLine(text);

    private static string Word(CheckStatus status) => status switch
    {
        CheckStatus.Ok => "ok",
        CheckStatus.Warn => "warn",
        _ => "fail",
    };
}
