using Warren.AI.Guard;
using Warren.Jobs;

namespace Warren.AI.Grading.Speaking;

/// <summary>Handles <c>grading.speaking</c>: fetches the recording, listens, and grades what was heard and how.</summary>
internal sealed class SpeakingGradingHandler(
    GuardedDownload download, AudioConverter converter, ISpeechReader reader, PronunciationAligner aligner, TimeProvider time) : IJobHandler<SpeakingArgs, SpeakingScore>
{
    /// <inheritdoc/>
    /// <exception cref="JobFailedException">
    /// <c>part_number_invalid</c>, <c>audio_refused</c>, <c>audio_too_large</c>, <c>audio_not_found</c>, <c>audio_unreadable</c>, <c>audio_too_long</c>
    /// and <c>engine.missing</c>, which are never retried; <c>audio_unreachable</c>, <c>audio_timeout</c>, and what the reader fails with.
    /// </exception>
    public async Task<SpeakingScore> HandleAsync(SpeakingArgs args, JobContext job, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        if (args.PartNumber is < 1 or > 3)
            throw new JobFailedException("part_number_invalid", $"part_number is {args.PartNumber}; 1, 2 or 3 was expected.", FailureCause.Invalid);
        using var scratch = ScratchFolder.Create();
        var score = await GradeAsync(args, scratch.Directory, job, cancellationToken);
        return score with { ProcessingTime = Math.Round(time.GetElapsedTime(start).TotalSeconds, 3) };
    }

    private async Task<SpeakingScore> GradeAsync(SpeakingArgs args, DirectoryInfo directory, JobContext job, CancellationToken cancellationToken)
    {
        await job.ReportAsync(1, message: "Fetching the recording", cancellationToken: cancellationToken);
        var source = new FileInfo(Path.Combine(directory.FullName, "source"));
        await using (var file = source.Create())
            await download.FetchAsync(args.AudioUrl, file, cancellationToken);

        var recording = new FileInfo(Path.Combine(directory.FullName, "recording.wav"));
        var wave = await converter.ConvertAsync(source, recording, cancellationToken);
        source.Delete();
        await job.ReportAsync(10, message: "Listening", cancellationToken: cancellationToken);

        // Engines hear words in silence; so nobody is asked about it.
        var speech = SpeechActivity.Find(wave);
        var transcript = speech.Count == 0 ? new SpeechTranscript([], wave.Length, "none") : await reader.ReadAsync(recording, job, cancellationToken);
        var aligned = transcript.Words.Count == 0 ? null : await aligner.AlignAsync(recording, transcript, job, cancellationToken);
        return new SpeakingGrade(args, transcript, speech, aligned).ToScore();
    }
}
