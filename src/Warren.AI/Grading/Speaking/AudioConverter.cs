using System.Globalization;
using System.Text;
using Microsoft.Extensions.Options;
using Warren.AI.Engines;
using Warren.Jobs;
using Warren.Jobs.Processes;

namespace Warren.AI.Grading.Speaking;

/// <summary>
/// Makes a WAV of 16 kHz, mono, 16 bit of a recording, with ffmpeg: a child that may open this file and nothing else, for a minute at most,
/// and writes no more than the longest recording has.
/// </summary>
internal sealed class AudioConverter(SpeechPrograms programs, IOptions<GradingOptions> options, TimeProvider time)
{
    private const int KeptErrors = 4096;
    private const long LargestAllocation = 64 * 1024 * 1024;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private readonly TimeSpan _longest = options.Value.MaxAudioLength;

    /// <summary>Converts a file into a new one.</summary>
    /// <exception cref="JobFailedException"><c>audio_unreadable</c> and <c>audio_too_long</c>, never retried; <c>audio_timeout</c>; <c>engine.missing</c>.</exception>
    public async Task<WaveFile> ConvertAsync(FileInfo source, FileInfo target, CancellationToken cancellationToken)
    {
        var ffmpeg = await programs.RequireFfmpegAsync(cancellationToken);
        var demuxer = await DemuxerAsync(source, cancellationToken) ?? throw Unreadable($"It begins as none of {AudioFormat.Known} does.");
        var (exitCode, errors) = await RunAsync(ffmpeg, Arguments(demuxer, source, target), source.Directory!, cancellationToken);
        target.Refresh();
        if (exitCode != 0 || !target.Exists)
            throw Unreadable($"ffmpeg, reading it as {demuxer}, ended with exit code {exitCode}{(errors.Length == 0 ? "." : $": {errors}")}");
        WaveFile wave;
        try
        {
            wave = await WaveFile.ReadAsync(target, cancellationToken);
        }
        catch (InvalidDataException exception)
        {
            throw Unreadable($"ffmpeg found no sound in it. {exception.Message}", exception);
        }
        return wave.Length <= _longest
            ? wave
            : throw new JobFailedException("audio_too_long", $"The recording is longer than {_longest:hh\\:mm\\:ss} ({GradingOptions.Section}:MaxAudioLength).", FailureCause.Invalid);
    }

    private static async Task<string?> DemuxerAsync(FileInfo source, CancellationToken cancellationToken)
    {
        var first = new byte[AudioFormat.Needed];
        await using var file = source.OpenRead();
        var read = await file.ReadAtLeastAsync(first, first.Length, throwOnEndOfStream: false, cancellationToken);
        return AudioFormat.Demuxer(first.AsSpan(0, read));
    }

    // A second more than may be, so that what is too long shows.
    private string[] Arguments(string demuxer, FileInfo source, FileInfo target) =>
    [
        "-nostdin", "-v", "error", "-max_alloc", LargestAllocation.ToString(CultureInfo.InvariantCulture), "-threads", "1",
        "-protocol_whitelist", "file,pipe", "-f", demuxer, "-i", $"file:{source.FullName}",
        "-map", "0:a:0", "-vn", "-sn", "-dn", "-map_metadata", "-1", "-t", (_longest.TotalSeconds + 1).ToString(CultureInfo.InvariantCulture),
        "-ac", "1", "-ar", WaveFile.Rate.ToString(CultureInfo.InvariantCulture), "-c:a", "pcm_s16le", "-f", "wav", $"file:{target.FullName}",
    ];

    private async Task<(int ExitCode, string Errors)> RunAsync(string program, string[] arguments, DirectoryInfo directory, CancellationToken cancellationToken)
    {
        // Nothing of the worker's variables: they hold passwords, and this program reads what strangers have sent.
        var environment = new Dictionary<string, string> { ["PATH"] = programs.SearchPath ?? "/usr/bin:/bin", ["LC_ALL"] = "C", ["TMPDIR"] = directory.FullName };
        using var child = ChildProcess.Start(program, arguments, directory.FullName, environment);
        child.CloseInput();
        var errors = DrainAsync(child.Errors);
        var output = DrainAsync(child.Output);
        try
        {
            await child.Exited.WaitAsync(Limit, time, cancellationToken);
        }
        catch (TimeoutException exception)
        {
            throw new JobFailedException("audio_timeout", $"ffmpeg did not read the recording within {Limit.TotalSeconds} s.", FailureCause.Timeout, innerException: exception);
        }
        finally
        {
            child.KillAll();
            await child.Exited;
            await Task.WhenAll(errors, output);
        }
        var text = (await errors).Replace(directory.FullName + "/", "", StringComparison.Ordinal).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return (child.ExitCode, text.Length == 0 ? "" : StandardError.Printable(text[^1]));
    }

    private static async Task<string> DrainAsync(Stream stream)
    {
        var kept = new byte[KeptErrors];
        var length = await stream.ReadAtLeastAsync(kept, kept.Length, throwOnEndOfStream: false, CancellationToken.None);
        await stream.CopyToAsync(Stream.Null, CancellationToken.None);
        return Encoding.UTF8.GetString(kept, 0, length);
    }

    private static JobFailedException Unreadable(string why, Exception? inner = null) =>
        new("audio_unreadable", $"The recording cannot be read; {AudioFormat.Known} was expected. {why}", FailureCause.Invalid, innerException: inner);
}
