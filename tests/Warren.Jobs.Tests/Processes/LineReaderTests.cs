using System.Text;
using Warren.Jobs.Processes;

namespace Warren.Jobs.Tests.Processes;

public class LineReaderTests
{
    [Theory]
    [InlineData("", new string[0], "")]
    [InlineData("\n", new[] { "" }, "")]
    [InlineData("a\nbb\n\nccc", new[] { "a", "bb", "" }, "ccc")]
    [InlineData("12345678\n12345678\n", new[] { "12345678", "12345678" }, "")]
    public async Task Lines_come_out_whatever_the_pieces_are(string text, string[] lines, string unfinished)
    {
        for (var piece = 1; piece <= text.Length + 1; piece++)
        {
            var reader = new LineReader(new PieceStream(Encoding.UTF8.GetBytes(text), piece), 8);
            List<string> found = [];
            while (await reader.ReadAsync(default) is { } line)
                found.Add(Encoding.UTF8.GetString(line.Span));

            Assert.Equal(lines, found);
            Assert.Equal(unfinished, Encoding.UTF8.GetString(reader.Unfinished.Span));
            Assert.Equal(text.Length, reader.Total);
        }
    }

    [Fact]
    public async Task A_line_that_is_too_long_is_found_whatever_the_pieces_are_and_can_be_skipped()
    {
        var text = "a\n" + new string('x', 9) + "yyyyyyyyyyyyyyyyyyyyyyyy\nb\n";
        for (var piece = 1; piece <= text.Length; piece++)
        {
            var reader = new LineReader(new PieceStream(Encoding.UTF8.GetBytes(text), piece), 8);

            Assert.Equal("a", Encoding.UTF8.GetString((await reader.ReadAsync(default))!.Value.Span));
            await Assert.ThrowsAsync<LineTooLongException>(() => reader.ReadAsync(default).AsTask());
            Assert.Equal("xxxxxxxxx", Encoding.UTF8.GetString(reader.Unfinished.Span));
            reader.SkipLine();
            Assert.Equal("b", Encoding.UTF8.GetString((await reader.ReadAsync(default))!.Value.Span));
            Assert.Null(await reader.ReadAsync(default));
        }
    }

    [Fact]
    public async Task Calls_that_are_canceled_in_a_line_to_skip_lose_nothing()
    {
        var reader = new LineReader(new PieceStream(Encoding.UTF8.GetBytes("a\n" + new string('x', 100) + "\nb\n"), 7, canceled: true), 8);
        List<string> found = [];
        var canceled = 0;
        while (true)
        {
            try
            {
                if (await reader.ReadAsync(default) is not { } line)
                    break;
                found.Add(Encoding.UTF8.GetString(line.Span));
            }
            catch (LineTooLongException)
            {
                found.Add("…");
                reader.SkipLine();
            }
            catch (OperationCanceledException)
            {
                canceled++;
            }
        }

        Assert.Equal(["a", "…", "b"], found);
        Assert.InRange(canceled, 10, 30);
    }

    [Fact]
    public async Task Long_and_short_lines_take_turns()
    {
        var random = new Random(7);
        var lines = Enumerable.Range(0, 200).Select(i => new string((char)('a' + (i % 26)), random.Next(i % 10 == 0 ? 200_000 : 300))).ToList();
        var reader = new LineReader(new PieceStream(Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n"))), 3000), 200_000);

        foreach (var line in lines)
            Assert.Equal(line, Encoding.UTF8.GetString((await reader.ReadAsync(default))!.Value.Span));
        Assert.Null(await reader.ReadAsync(default));
    }

    // Gives at most so many bytes at once; canceled, if so asked, every other time.
    private sealed class PieceStream(byte[] bytes, int piece, bool canceled = false) : MemoryStream(bytes)
    {
        private int _reads;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            canceled && _reads++ % 2 == 0
                ? ValueTask.FromException<int>(new OperationCanceledException())
                : base.ReadAsync(buffer[..Math.Min(buffer.Length, piece)], cancellationToken);
    }
}
