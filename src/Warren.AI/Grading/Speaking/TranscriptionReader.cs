using System.ClientModel;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Warren.AI.Chat;
using Warren.Jobs;

namespace Warren.AI.Grading.Speaking;

/// <summary>Listens with the endpoint: <c>audio/transcriptions</c>, with the times of the words.</summary>
internal sealed class TranscriptionReader(ChatEndpoint endpoint, IOptions<ChatOptions> options, TimeProvider time) : ISpeechReader
{
    // Of 16 kHz, mono, 16 bit; and the header of a WAV file.
    private const double BytesPerSecond = 32_000;
    private const int Header = 44;

    private const int LongestWord = 200;
    private const int MostWords = 50_000;

    private readonly string _model = options.Value.TranscriptionModel;

    /// <inheritdoc/>
    /// <exception cref="JobFailedException">The codes of docs/reference/chat.md.</exception>
    public async Task<SpeechTranscript> ReadAsync(FileInfo recording, JobContext job, CancellationToken cancellationToken)
    {
        using var call = ChatTelemetry.Begin("transcription", _model, endpoint.Address, time);
        try
        {
            var json = await SendAsync(recording, cancellationToken);
            var usage = ChatReply.Usage(json);
            call.Answered(model: null, usage);
            // Some models are paid by the minute, and name no tokens.
            if (usage is not null)
                await job.ReportUsageAsync(new(usage.InputTokenCount ?? 0, usage.OutputTokenCount ?? 0, _model), cancellationToken);
            var transcript = new SpeechTranscript(Words(json), Length(json, recording), _model);
            call.Completed();
            return transcript;
        }
        catch (Exception error)
        {
            call.Failed(error);
            throw;
        }
    }

    private async Task<JsonElement> SendAsync(FileInfo recording, CancellationToken cancellationToken)
    {
        using var form = new MultipartFormDataContent();
        var file = new StreamContent(new FileStream(recording.FullName, FileMode.Open, FileAccess.Read, FileShare.Read, 64 * 1024, FileOptions.Asynchronous));
        file.Headers.ContentType = new MediaTypeHeaderValue("audio/wav");
        form.Add(file, "\"file\"", "\"recording.wav\"");
        form.Add(new StringContent(_model), "\"model\"");
        form.Add(new StringContent("verbose_json"), "\"response_format\"");
        form.Add(new StringContent("word"), "\"timestamp_granularities[]\"");
        form.Add(new StringContent("0"), "\"temperature\"");
        var type = form.Headers.ContentType!.ToString();
        using var content = BinaryContent.Create(await form.ReadAsStreamAsync(cancellationToken));
        return await endpoint.CallAsync(request => endpoint.Audio.TranscribeAudioAsync(content, type, request), cancellationToken);
    }

    private SpokenWord[] Words(JsonElement json)
    {
        List<JsonElement> words = [];
        var isTimed = Add(words, json);
        if (!isTimed && json.TryGetProperty("segments", out var segments) && segments.ValueKind == JsonValueKind.Array)
        {
            // Some servers have the words below the segments they belong to.
            foreach (var segment in segments.EnumerateArray())
                isTimed |= Add(words, segment);
        }
        if (!isTimed && (!json.TryGetProperty("text", out var text) || text.ValueKind != JsonValueKind.String || text.GetString()!.Any(char.IsLetterOrDigit)))
            throw Bad("no 'words'; words with their times were expected. A model that gives them is one like whisper-1");
        if (words.Count > MostWords)
            throw Bad(string.Create(CultureInfo.InvariantCulture, $"{words.Count:N0} words; at most {MostWords:N0} were expected"));
        return [.. words.Select(Word).Where(word => word.Text.Length > 0)];
    }

    private static bool Add(List<JsonElement> words, JsonElement holder)
    {
        if (holder.ValueKind != JsonValueKind.Object || !holder.TryGetProperty("words", out var list) || list.ValueKind != JsonValueKind.Array)
            return false;
        words.AddRange(list.EnumerateArray());
        return true;
    }

    private SpokenWord Word(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty("word", out var word) || word.ValueKind != JsonValueKind.String
            || word.GetString()!.Length > LongestWord || Seconds(json, "start") is not { } start || Seconds(json, "end") is not { } end)
        {
            throw Bad($"a word that is {Shown(json)}; its text and its times in seconds were expected");
        }
        var confidence = Seconds(json, "probability") ?? Seconds(json, "score");
        return new(
            Bare(word.GetString()!), TimeSpan.FromSeconds(start), TimeSpan.FromSeconds(Math.Max(start, end)), confidence is { } sure ? Math.Min(sure, 1) : null);
    }

    // Without the commas and full stops around it; the dots and dashes within it are its own.
    private static string Bare(string word)
    {
        var (begin, end) = (0, word.Length);
        while (begin < end && !char.IsLetterOrDigit(word[begin]) && !char.IsSurrogate(word[begin]))
            begin++;
        while (end > begin && !char.IsLetterOrDigit(word[end - 1]) && !char.IsSurrogate(word[end - 1]))
            end--;
        return word[begin..end].ToLowerInvariant();
    }

    // OpenAI's own has given the length as a text, and as a number.
    private static TimeSpan Length(JsonElement json, FileInfo recording) =>
        TimeSpan.FromSeconds(Seconds(json, "duration") ?? Math.Max(0, recording.Length - Header) / BytesPerSecond);

    private static double? Seconds(JsonElement json, string name)
    {
        if (!json.TryGetProperty(name, out var value))
            return null;
        double seconds;
        var isNumber = value.ValueKind == JsonValueKind.Number
            ? value.TryGetDouble(out seconds)
            : double.TryParse(value.ValueKind == JsonValueKind.String ? value.GetString() : null, NumberStyles.Float, CultureInfo.InvariantCulture, out seconds);
        return isNumber && seconds is >= 0 and <= 86_400 ? seconds : null;
    }

    private static string Shown(JsonElement json) => json.GetRawText() is { Length: > 100 } raw ? string.Concat(raw.AsSpan(0, 99), "…") : json.GetRawText();

    private JobFailedException Bad(string found) => new(ChatFaults.Bad, $"The transcript by {_model} has {found}.");
}
