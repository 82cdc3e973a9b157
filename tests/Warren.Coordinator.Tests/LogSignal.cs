using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Warren.TestKit;

namespace Warren.Coordinator.Tests;

/// <summary>Waits for a line in the log.</summary>
/// <param name="text">A part of the line.</param>
internal sealed class LogSignal(string text) : ILoggerFactory, ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly TaskCompletionSource<string> _seen = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The first line that has the text.</summary>
    public async Task<string> WaitAsync()
    {
        await Eventually.GetAsync(() => Task.FromResult(_lines.ToArray()), _ => _seen.Task.IsCompleted, $"\"{text}\" is logged");
        return await _seen.Task;
    }

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("It has no providers.");

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var line = $"{formatter(state, exception)} {exception?.Message}";
        _lines.Enqueue(line);
        if (line.Contains(text, StringComparison.Ordinal))
            _seen.TrySetResult(line);
    }

    public void Dispose()
    {
        // There is nothing to let go.
    }
}
