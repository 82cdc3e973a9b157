using Microsoft.Extensions.Logging;

namespace Warren.Cli;

/// <summary>Shows on standard error what befalls a connection while a command runs: one line, from warnings on.</summary>
internal sealed class StandardErrorLog : ILoggerFactory
{
    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Lines();

    /// <inheritdoc/>
    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("The log of a command goes to standard error only.");

    /// <inheritdoc/>
    public void Dispose()
    {
        // It holds nothing; standard error is the process's.
    }

    private sealed class Lines : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => NullScope.Instance;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                Console.Error.WriteLine($"warren: {formatter(state, exception)}{(exception is null ? "" : $": {exception.Message}")}");
        }
    }

    private sealed class NullScope : IDisposable
    {
        public static NullScope Instance { get; } = new();

        public void Dispose()
        {
            // A scope says nothing in one line.
        }
    }
}
