using System.Text.Json;
using System.Text.RegularExpressions;

namespace Warren.TestKit;

/// <summary>
/// Answers requests to grade or to transcribe as a model would, without one: bands that never change, and a few errors that are found by their words.
/// For tests and demonstrations of the way there and back, not of judgment.
/// </summary>
public static partial class OpenAiGrades
{
    private static readonly (string Wrong, string Right, string Why)[] Errors =
    [
        ("people is", "people are", "'People' is plural."),
        ("peoples is", "people are", "'People' is plural already."),
        ("have went", "have gone", "The participle of 'go' is 'gone'."),
        ("informations", "information", "'Information' is not counted."),
        ("goverment", "government", "Spelling."),
        ("more better", "better", "'Better' is a comparative already."),
    ];

    /// <summary>The answer to a request.</summary>
    public static OpenAiAnswer Answer(OpenAiRequest request) => request.IsChat
        ? new OpenAiAnswer.Completion(Grade(Essay(request)))
        : new OpenAiAnswer.Body(Transcript("I", "like", "to", "read"));

    /// <summary>The text that a request asks to grade: what stands between the lines that open and close the answer.</summary>
    public static string Essay(OpenAiRequest request) => request.Messages.Select(text => Fenced().Match(text)).FirstOrDefault(match => match.Success)?.Groups["essay"].Value ?? "";

    /// <summary>A grade in the form that is asked for.</summary>
    /// <param name="essay">The text.</param>
    public static string Grade(string essay) => Grade(
    [
        .. from error in Errors
           let begin = essay.IndexOf(error.Wrong, StringComparison.Ordinal)
           where begin >= 0
           orderby begin
           select new OpenAiGradeError(error.Wrong, begin, begin + error.Wrong.Length, error.Right, error.Why),
    ]);

    /// <summary>A grade with these errors.</summary>
    /// <param name="errors">The errors.</param>
    /// <param name="bands">The four bands. The default is 6, 6.5, 5.5 and 6.</param>
    public static string Grade(IEnumerable<OpenAiGradeError> errors, params double[] bands)
    {
        var four = bands.Length == 4 ? bands : [6, 6.5, 5.5, 6];
        return JsonSerializer.Serialize(new
        {
            task_achievement = four[0],
            coherence_cohesion = four[1],
            lexical_resource = four[2],
            grammatical_range = four[3],
            feedback = "The text answers the question. This grade is of a test server and says nothing of the text.",
            suggestions = new[] { "Give an example for each idea.", "Read the text once more before you end." },
            grammar_errors = errors.Select(error => new
            {
                text = error.Text,
                position = new[] { error.Begin, error.End },
                correction = error.Correction,
                explanation = error.Explanation,
            }),
        });
    }

    /// <summary>A transcript, <c>verbose_json</c>: each word takes 0.4 seconds, and half a second from begin to begin.</summary>
    public static string Transcript(params string[] words) => JsonSerializer.Serialize(new
    {
        task = "transcribe",
        language = "english",
        duration = words.Length * 0.5,
        text = string.Join(' ', words),
        words = words.Select((word, index) => new { word, start = index * 0.5, end = (index * 0.5) + 0.4 }),
    });

    [GeneratedRegex(@"^\[answer (?<fence>\S+)\]\n(?<essay>.*)\n\[end of answer \k<fence>\]", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Fenced();
}

/// <summary>An error as <see cref="OpenAiGrades"/> reports it.</summary>
/// <param name="Text">The wrong words.</param>
/// <param name="Begin">Where they begin.</param>
/// <param name="End">Where they end.</param>
/// <param name="Correction">What to write instead.</param>
/// <param name="Explanation">Why.</param>
public sealed record OpenAiGradeError(string Text, int Begin, int End, string Correction = "better", string Explanation = "It is wrong.");
