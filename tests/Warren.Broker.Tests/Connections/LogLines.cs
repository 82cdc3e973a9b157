using Microsoft.Extensions.Logging;
using Warren.TestKit;

namespace Warren.Broker.Tests.Connections;

/// <summary>A log that a test reads: one line each, the level before it.</summary>
internal sealed class LogLines : ILoggerFactory, ILogger
{
    private readonly Arrivals<string> _lines = new();

    /// <summary>The lines so far.</summary>
    public IReadOnlyList<string> Items => _lines.Items;

    /// <summary>Waits for a line that ends like this and returns it.</summary>
    public Task<string?> WaitForAsync(string end) => Eventually.GetAsync(
        () => Task.FromResult(_lines.Items.FirstOrDefault(line => line.EndsWith(end, StringComparison.Ordinal))), line => line is not null, $"the log has a line …{end}");

    public ILogger CreateLogger(string categoryName) => categoryName.StartsWith("Warren.", StringComparison.Ordinal) ? this : new LogLines();

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("A test reads these lines and nobody else.");

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Add($"{logLevel}: {formatter(state, exception)}");

    public void Dispose()
    {
        // The lines are read after the broker has ended.
    }
}
