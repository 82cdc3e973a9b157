using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Warren.AI.Chat;
using Warren.Jobs;
using ChatOptions = Warren.AI.Chat.ChatOptions;

namespace Warren.AI.Grading.Writing.Chat;

/// <summary>
/// Grades with a language model. Its answer is checked, and a wrong one is shown to it once with what is wrong. Every call is booked at once, so that
/// what a failed attempt has cost counts too.
/// </summary>
internal sealed partial class ChatWritingGrader(IChatClient chat, IOptions<ChatOptions> options, ILogger<ChatWritingGrader> logger) : IWritingGrader
{
    private const int LongestEcho = 20_000;

    /// <inheritdoc/>
    /// <exception cref="JobFailedException">The codes of docs/reference/chat.md.</exception>
    public async Task<WritingScore> GradeAsync(WritingArgs args, JobContext job, CancellationToken cancellationToken)
    {
        var messages = WritingPrompt.For(args);
        var (response, answer, problems) = await AskAsync(messages, job, cancellationToken);
        if (answer is null)
        {
            Log.Repairing(logger, job.Id, response.ModelId, problems.Count);
            await job.ReportAsync(50, message: "The model's answer cannot be used; it is asked once more.", cancellationToken: cancellationToken);
            messages.Add(new(ChatRole.Assistant, Echo(response.Text)));
            messages.Add(new(ChatRole.User, WritingPrompt.Repair(problems)));
            (response, answer, problems) = await AskAsync(messages, job, cancellationToken);
        }
        if (answer is null)
        {
            throw new JobFailedException(
                ChatFaults.Bad, $"{Model(response)} has answered twice what cannot be used, also when it was told so. {string.Join(' ', problems)}");
        }
        var placed = ErrorPlaces.Find(args.StudentAnswer, answer.Errors);
        if (placed.Dropped > 0)
            Log.Dropped(logger, job.Id, response.ModelId, placed.Dropped, answer.Errors.Count);
        await job.ReportAsync(
            100,
            new Dictionary<string, double> { ["grammar_errors_moved"] = placed.Moved, ["grammar_errors_dropped"] = placed.Dropped },
            cancellationToken);
        return new()
        {
            OverallScore = answer.Overall,
            TaskAchievement = answer.Bands[0],
            CoherenceCohesion = answer.Bands[1],
            LexicalResource = answer.Bands[2],
            GrammaticalRange = answer.Bands[3],
            Feedback = answer.Feedback,
            Suggestions = answer.Suggestions,
            GrammarErrors = placed.Errors,
            WordCount = EssayText.Read(args.StudentAnswer).Words.Length,
            ProcessingTime = 0,
            Engine = Model(response),
        };
    }

    private async Task<(ChatResponse Response, WritingAnswer? Answer, IReadOnlyList<string> Problems)> AskAsync(
        List<ChatMessage> messages, JobContext job, CancellationToken cancellationToken)
    {
        var response = await chat.GetResponseAsync(
            messages,
            new()
            {
                Temperature = options.Value.Temperature,
                ResponseFormat = ChatResponseFormat.ForJsonSchema(WritingAnswer.Schema, "writing_score", "The grade of a learner's text."),
            },
            cancellationToken);
        if (response.Usage is { } usage)
            await job.ReportUsageAsync(new(usage.InputTokenCount ?? 0, usage.OutputTokenCount ?? 0, Model(response)), cancellationToken);
        if (response.FinishReason == ChatFinishReason.ContentFilter || response.Messages.Any(message => message.Contents.Any(content => content is ErrorContent)))
        {
            throw new JobFailedException(
                ChatFaults.Refused, $"{Model(response)} declined to grade this text (finish_reason: {response.FinishReason?.Value ?? "none"}); a grade was expected.",
                FailureCause.Invalid);
        }
        var answer = WritingAnswer.Read(response.Text, out var problems);
        return answer is null && response.FinishReason == ChatFinishReason.Length
            ? (response, null, ["It was cut off at the limit of its length. Say less: at most 20 grammar_errors, the gravest."])
            : (response, answer, problems);
    }

    private string Model(ChatResponse response) => response.ModelId is { Length: > 0 } model ? model : options.Value.Model;

    // Enough to show it what it did; a model that rambled is not given all of it to read.
    private static string Echo(string text) =>
        text.Length <= LongestEcho ? text : string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[LongestEcho - 1]) ? LongestEcho - 1 : LongestEcho), "…");

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Debug, "Job {JobId}: {Model} is asked once more, as its answer has {Problems} problems")]
        public static partial void Repairing(ILogger logger, JobId jobId, string? model, int problems);

        [LoggerMessage(LogLevel.Debug, "Job {JobId}: {Model} reported {Dropped} of {Reported} errors that are not to be found in the text")]
        public static partial void Dropped(ILogger logger, JobId jobId, string? model, int dropped, int reported);
    }
}
