using System.Text;

namespace Warren.Cli;

/// <summary>The results of a command, on standard output, written line by line so that a pipe sees each at once.</summary>
internal sealed class Output : IDisposable
{
    private readonly StreamWriter _writer = new(Open(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true, NewLine = "\n" };

    /// <summary>The writer below, for what formats its own text.</summary>
    public TextWriter Writer => _writer;

    /// <summary>Writes a line.</summary>
    /// <exception cref="OutputClosedException">The reader of our pipe is gone.</exception>
    public void WriteLine(string line)
    {
        try
        {
            _writer.WriteLine(line);
        }
        catch (IOException error)
        {
            throw new OutputClosedException(error);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            _writer.Dispose();
        }
        catch (IOException)
        {
            // Every line was flushed when it was written; what fails here is only the goodbye to a closed pipe.
        }
    }

    // The console's own stream swallows the end of a pipe, and `warren listen | head` would never end. A file, which others may
    // write to as well, keeps it: it knows no position of its own.
    private static Stream Open()
    {
        if (OperatingSystem.IsWindows())
            return Console.OpenStandardOutput();
        var pipe = new FileStream(new Microsoft.Win32.SafeHandles.SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        if (!pipe.CanSeek)
            return pipe;
        pipe.Dispose();
        return Console.OpenStandardOutput();
    }
}

/// <summary>Nobody reads our output any more.</summary>
internal sealed class OutputClosedException(IOException cause) : Exception("Standard output is closed.", cause);
