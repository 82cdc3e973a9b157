using System.Text;
using Warren.AI.Grading.Speaking;
using Warren.AI.Tests.Chat;
using Warren.Jobs;
using Warren.Server.Testing;
using Warren.TestKit;

namespace Warren.AI.Tests.Grading.Speaking;

/// <summary>Transcripts over HTTP, within a job.</summary>
public sealed class TranscriptionReaderTests : IDisposable
{
    private static readonly JobKind<string, string> Listen = new("listen");

    private readonly FileInfo _recording = new(Path.GetTempFileName());

    public TranscriptionReaderTests() => File.WriteAllBytes(_recording.FullName, [.. Encoding.ASCII.GetBytes("RIFF"), .. new byte[40 + 64_000]]);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _recording.Delete();

    [Fact]
    public async Task Words_come_with_their_times()
    {
        await using var endpoint = await Endpoint.StartAsync(new OpenAiAnswer.Body(OpenAiGrades.Transcript("I", " Don't", "know,")));

        var (transcript, usage, _) = await ReadAsync(endpoint);

        Assert.Equal("i 0-0.4, don't 0.5-0.9, know 1-1.4 of 1.5 by whisper-1", transcript);
        // It is paid by the minute.
        Assert.Null(usage);
        var request = Assert.Single(endpoint.Server.Requests.Items);
        Assert.Equal("Bearer " + Endpoint.Key, request.Authorization);
        Assert.Equal(
            [("model", "whisper-1"), ("response_format", "verbose_json"), ("temperature", "0"), ("timestamp_granularities[]", "word")],
            request.Form.OrderBy(field => field.Key, StringComparer.Ordinal).Select(field => (field.Key, field.Value)));
        Assert.Equal(File.ReadAllBytes(_recording.FullName), request.File.ToArray());
    }

    [Theory]
    [InlineData("""{"text":"","words":[]}""", " of 2 by whisper-1")]
    [InlineData("""{"text":" ... "}""", " of 2 by whisper-1")]
    [InlineData("""{"text":"Yes.","duration":"1.25","words":[{"word":"Yes.","start":0,"end":"0.5"}]}""", "yes 0-0.5 of 1.25 by whisper-1")]
    [InlineData("""{"text":"Yes no","duration":-1,"segments":[{"words":[{"word":"Yes","start":0,"end":0.5,"probability":0.75}]},{"words":[{"word":"no","start":1,"end":1}]}]}""", "yes 0-0.5 (0.75), no 1-1 of 2 by whisper-1")]
    [InlineData("""{"text":"Oh","words":[{"word":"Oh","start":1,"end":0.5},{"word":" - ","start":1,"end":2}]}""", "oh 1-1 of 2 by whisper-1")]
    public async Task Other_forms_are_read_too(string answer, string expected)
    {
        await using var endpoint = await Endpoint.StartAsync(new OpenAiAnswer.Body(answer));

        Assert.Equal(expected, (await ReadAsync(endpoint)).Transcript);
    }

    [Theory]
    [InlineData("""{"text":"Yes, I do."}""", "no 'words'")]
    [InlineData("""{}""", "no 'words'")]
    [InlineData("""{"words":["yes"]}""", "a word that is \"yes\"")]
    [InlineData("""{"words":[{"word":"yes","start":0}]}""", "a word that is {")]
    [InlineData("""{"words":[{"word":"yes","start":-1,"end":1}]}""", "a word that is {")]
    [InlineData("""{"words":[{"word":"yes","start":"NaN","end":1}]}""", "a word that is {")]
    [InlineData("""{"words":[{"word":7,"start":0,"end":1}]}""", "a word that is {")]
    [InlineData("I heard nothing.", "no JSON")]
    public async Task A_transcript_without_words_and_times_is_a_bad_answer(string answer, string expected)
    {
        await using var endpoint = await Endpoint.StartAsync(new OpenAiAnswer.Body(answer));

        var error = (await ReadAsync(endpoint)).Error;

        Assert.Equal(("llm.bad_answer", FailureCause.Error), (error?.Code, error?.Cause));
        Assert.Contains(expected, error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Usage_counts_also_of_a_bad_answer()
    {
        await using var endpoint = await Endpoint.StartAsync(
            options => options.TranscriptionModel = "hearing-1",
            new OpenAiAnswer.Body("""{"text":"Yes","usage":{"type":"tokens","input_tokens":31,"output_tokens":4}}"""));

        var (_, usage, error) = await ReadAsync(endpoint);

        Assert.Equal("llm.bad_answer", error?.Code);
        Assert.Equal(new TokenUsage(31, 4, "hearing-1"), usage);
    }

    [Fact]
    public async Task An_endpoint_that_has_too_much_to_do_throttles()
    {
        await using var endpoint = await Endpoint.StartAsync(OpenAiAnswer.Error(429, retryAfter: "5"));

        Assert.Equal(("llm.throttled", FailureCause.Throttled), ((await ReadAsync(endpoint)).Error is { } error ? (error.Code, error.Cause) : default));
    }

    // In a job of one attempt.
    private async Task<(string? Transcript, TokenUsage? Usage, JobError? Error)> ReadAsync(Endpoint endpoint)
    {
        var reader = new TranscriptionReader(endpoint.Clients, endpoint.Options, TimeProvider.System);
        await using var warren = await WarrenTestHost.StartAsync(
            worker => worker.Handle(
                Listen,
                options => options.Retry = JobRetryPolicy.None,
                async (_, job, cancellationToken) => Text(await reader.ReadAsync(_recording, job, cancellationToken))),
            cancellationToken: Stop);
        var handle = await warren.Jobs.SubmitAsync(Listen, "", cancellationToken: Stop);
        string? transcript = null;
        try
        {
            transcript = await handle.ResultAsync(Stop);
        }
        catch (JobFailedException)
        {
            // What it failed with stands in the job.
        }
        var job = await warren.Jobs.GetAsync(handle.Id, Stop);
        return (transcript, job?.Usage, job?.Error);
    }

    private static string Text(SpeechTranscript transcript) => FormattableString.Invariant(
        $"{string.Join(", ", transcript.Words.Select(word => FormattableString.Invariant(
            $"{word.Text} {word.Begin.TotalSeconds}-{word.End.TotalSeconds}{(word.Confidence is { } sure ? FormattableString.Invariant($" ({sure})") : "")}")))} of {transcript.Length.TotalSeconds} by {transcript.Engine}");
}
