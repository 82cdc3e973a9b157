using System.Text;
using Microsoft.Extensions.Logging;

namespace Warren.Jobs.Processes;

/// <summary>Reads what a process complains of, to the log, and keeps the last lines for messages. It always reads on, so that the process never waits.</summary>
internal sealed partial class StandardError(Stream stream, string kind, int process, int maxLogLines, TimeProvider time, ILogger logger)
{
    private const int LongestLine = 4096;
    private const int Kept = 20;
    private const int KeptCharacters = 4000;

    private readonly LineReader _lines = new(stream, LongestLine);
    private readonly Queue<string> _last = new();
    private readonly Lock _lock = new();
    private long _minute = time.GetTimestamp();
    private int _logged;
    private int _left;

    /// <summary>The last lines, as the end of a message; empty if there were none.</summary>
    public string Tail()
    {
        lock (_lock)
        {
            if (_last.Count == 0)
                return "";
            var text = string.Join('\n', _last);
            return $" Its last lines on standard error:\n{(text.Length > KeptCharacters ? "…" + text[^KeptCharacters..] : text)}";
        }
    }

    /// <summary>Reads to the end of the stream; true. A canceled call loses nothing and may be made again.</summary>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            ReadOnlyMemory<byte>? line;
            try
            {
                line = await _lines.ReadAsync(cancellationToken);
            }
            catch (LineTooLongException)
            {
                Take(_lines.Unfinished.Span, "…");
                _lines.SkipLine();
                continue;
            }
            if (line is null)
                break;
            Take(line.Value.Span);
        }
        if (_lines.Unfinished.Length > 0)
            Take(_lines.Unfinished.Span);
        if (_left > 0)
            Log.LeftOut(logger, _left, kind, process);
        return true;
    }

    /// <summary>A line as it may go to a log: cut, and with nothing that would steer the terminal that shows it.</summary>
    public static string Printable(string line)
    {
        if (line.Length > LongestLine)
            line = line[..LongestLine] + "…";
        return line.Any(Steers) ? string.Concat(line.Select(c => Steers(c) ? '\uFFFD' : c)) : line;

        static bool Steers(char c) => char.IsControl(c) && c is not '\t';
    }

    private void Take(ReadOnlySpan<byte> bytes, string more = "")
    {
        // Progress bars write many states of one line, with carriage returns between; the last one stands.
        bytes = bytes.TrimEnd((byte)'\r');
        bytes = bytes[(bytes.LastIndexOf((byte)'\r') + 1)..];
        var line = Printable(Encoding.UTF8.GetString(bytes)) + more;
        if (string.IsNullOrWhiteSpace(line))
            return;
        lock (_lock)
        {
            _last.Enqueue(line);
            if (_last.Count > Kept)
                _last.Dequeue();
        }
        if (time.GetElapsedTime(_minute) >= TimeSpan.FromMinutes(1))
        {
            if (_left > 0)
                Log.LeftOut(logger, _left, kind, process);
            (_minute, _logged, _left) = (time.GetTimestamp(), 0, 0);
        }
        if (_logged++ < maxLogLines)
            Log.Line(logger, kind, process, line);
        else
            _left++;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "{Kind}[{Process}]: {Line}")]
        public static partial void Line(ILogger logger, string kind, int process, string line);

        [LoggerMessage(LogLevel.Warning, "{Count} more lines of {Kind}[{Process}] on standard error were left out")]
        public static partial void LeftOut(ILogger logger, int count, string kind, int process);
    }
}
