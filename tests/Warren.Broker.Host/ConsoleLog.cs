using Microsoft.Extensions.Logging;

namespace Warren.Broker.Host;

/// <summary>Writes warnings and worse to standard error, one line each: the level, the category, the message and the exception's type.</summary>
internal sealed class ConsoleLog : ILoggerFactory
{
    private readonly Lock _gate = new();

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Category(this, categoryName);

    /// <inheritdoc/>
    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("The tests read standard error and nothing else.");

    /// <summary>Writes a line.</summary>
    public void Write(string line)
    {
        lock (_gate)
            Console.Error.WriteLine(line.ReplaceLineEndings(" | "));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Standard error is not its own.
    }

    private sealed class Category(ConsoleLog log, string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                log.Write($"{logLevel} {name}: {formatter(state, exception)}{(exception is null ? "" : $" EXCEPTION {exception}")}");
        }
    }
}
