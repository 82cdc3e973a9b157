using System.Buffers;
using Warren.Messaging.Content;

namespace Warren.Messaging.Tests.Content;

public class PooledBufferTests
{
    [Fact]
    public void It_starts_small_and_doubles()
    {
        var buffer = new PooledBuffer();
        buffer.Write("x"u8);
        Assert.Equal(256, buffer.Capacity);
        buffer.Write(new byte[256]);
        Assert.Equal(512, buffer.Capacity);
        Assert.Equal(257, buffer.WrittenCount);
        Assert.Equal((byte)'x', buffer.WrittenMemory.Span[0]);
    }

    [Theory]
    [InlineData(PooledBuffer.MaxRetained, PooledBuffer.MaxRetained)]
    [InlineData(PooledBuffer.MaxRetained + 1, 0)]
    public void Clearing_keeps_the_array_unless_it_is_large(int written, int kept)
    {
        var buffer = new PooledBuffer();
        buffer.Write(new byte[written]);
        buffer.Clear();
        Assert.Equal(0, buffer.WrittenCount);
        Assert.Equal(kept, buffer.Capacity);
    }

    [Fact]
    public void Written_bytes_survive_growth()
    {
        var buffer = new PooledBuffer();
        for (var i = 0; i < 10_000; i++)
            buffer.Write([(byte)i]);
        Assert.Equal(Enumerable.Range(0, 10_000).Select(i => (byte)i), buffer.WrittenSpan.ToArray());
    }

    [Fact]
    public void A_limit_stops_the_doubling()
    {
        var buffer = new PooledBuffer();
        var space = buffer.GetSpanWithin(300).Length;
        buffer.Advance(space);
        Assert.Equal(44, buffer.GetSpanWithin(300).Length);
        Assert.Equal(300, buffer.Capacity);
    }

    [Fact]
    public void Advancing_beyond_the_array_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new PooledBuffer().Advance(1));

    [Fact]
    public void Truncating_forgets_the_end_only()
    {
        var buffer = new PooledBuffer();
        buffer.Write("abcdef"u8);
        buffer.Truncate(2);
        Assert.Equal("ab"u8, buffer.WrittenSpan);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Truncate(3));
    }

    [Fact]
    public void Rented_buffers_are_distinct_and_come_back_empty()
    {
        var first = PooledBuffer.Rent();
        var second = PooledBuffer.Rent();
        Assert.NotSame(first, second);
        second.Write("abc"u8);
        PooledBuffer.Return(second);
        Assert.Same(second, PooledBuffer.Rent());
        Assert.Equal(0, second.WrittenCount);
        PooledBuffer.Return(second);
        PooledBuffer.Return(first);
    }
}
