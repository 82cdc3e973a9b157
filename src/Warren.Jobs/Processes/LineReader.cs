namespace Warren.Jobs.Processes;

/// <summary>Reads lines out of a stream of bytes and never holds more than one line of the longest length.</summary>
internal sealed class LineReader(Stream stream, int maxLine)
{
    private const int Usual = 16 * 1024;

    private byte[] _buffer = new byte[Math.Min(Usual, maxLine + 1)];
    private int _start;
    private int _end;
    private int _searched;
    private bool _skipping;

    /// <summary>How many bytes have come so far.</summary>
    public long Total { get; private set; }

    /// <summary>At the end of the stream: the bytes after the last newline.</summary>
    public ReadOnlyMemory<byte> Unfinished => _buffer.AsMemory(_start, _end - _start);

    /// <summary>The next line without its newline, valid until the next call; null at the end of the stream. A canceled call loses nothing.</summary>
    /// <exception cref="LineTooLongException">A line has more bytes than it may have.</exception>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (_skipping)
                Skip();
            var found = _buffer.AsSpan(_searched, _end - _searched).IndexOf((byte)'\n');
            if (found >= 0)
            {
                var line = _buffer.AsMemory(_start, _searched + found - _start);
                _start = _searched += found + 1;
                return line;
            }
            _searched = _end;
            if (_end - _start > maxLine)
                throw new LineTooLongException();
            MakeRoom();
            var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
            if (read == 0)
                return null;
            _end += read;
            Total += read;
        }
    }

    /// <summary>The next call of <see cref="ReadAsync"/> begins after the newline of the line that is being read, however far away that is.</summary>
    public void SkipLine() => _skipping = true;

    private void Skip()
    {
        var found = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
        _skipping = found < 0;
        (_start, _end) = found < 0 ? (0, 0) : (_start + found + 1, _end);
        _searched = _start;
    }

    private void MakeRoom()
    {
        // A process that once wrote a long line does not keep its room for ever.
        if (_start == _end && _buffer.Length > 4 * Usual)
            _buffer = new byte[Math.Min(Usual, maxLine + 1)];
        if (_start == _end)
        {
            _start = _searched = _end = 0;
        }
        else if (_end == _buffer.Length)
        {
            var length = _end - _start;
            var target = length > _buffer.Length / 2 ? new byte[(int)Math.Min((long)_buffer.Length * 2, maxLine + 1L)] : _buffer;
            _buffer.AsSpan(_start, length).CopyTo(target);
            (_buffer, _start, _searched, _end) = (target, 0, length, length);
        }
    }
}

/// <summary>A line has more bytes than it may have.</summary>
internal sealed class LineTooLongException() : Exception("A line is too long.");
