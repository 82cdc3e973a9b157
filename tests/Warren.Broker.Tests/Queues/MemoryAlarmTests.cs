using Microsoft.Extensions.Logging.Abstractions;
using Warren.Broker.Queues;
using Warren.Broker.Storage;
using Warren.Broker.Tests.Storage;

namespace Warren.Broker.Tests.Queues;

/// <summary>The alarm that stands while waiting messages take more memory than they may.</summary>
public sealed class MemoryAlarmTests : IDisposable
{
    private const int Limit = 1000;

    private readonly LogDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    // What changes the bytes in that moment is, as another thread, not yet told that the alarm has changed.
    [Fact]
    public void What_is_freed_while_the_alarm_is_raised_clears_it()
    {
        using var pages = new MessagePages(_directory.Path);
        var told = new List<bool>();
        BodyMemory? memory = null;
        memory = new(Limit, Limit, store: null, pages, alarmed => TellThen(told, alarmed, at: 1, () => memory!.Shrink(2 * Limit)), NullLogger.Instance);

        memory.Grow(2 * Limit);

        Assert.Equal([true, false], told);
        Assert.Equal(0, memory.ContentBytes);
    }

    [Fact]
    public void What_is_taken_while_the_alarm_is_cleared_raises_it_again()
    {
        using var pages = new MessagePages(_directory.Path);
        var told = new List<bool>();
        BodyMemory? memory = null;
        memory = new(Limit, Limit, store: null, pages, alarmed => TellThen(told, alarmed, at: 2, () => memory!.Grow(2 * Limit)), NullLogger.Instance);

        memory.Grow(2 * Limit);
        memory.Shrink(2 * Limit);

        Assert.Equal([true, false, true], told);
    }

    private static void TellThen(List<bool> told, bool alarmed, int at, Action change)
    {
        told.Add(alarmed);
        if (told.Count == at)
            change();
    }
}
