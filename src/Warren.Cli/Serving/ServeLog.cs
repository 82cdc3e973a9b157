using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Warren.Cli.Serving;

/// <summary>The log of a server, on standard error, a line each: time, level, category, words.</summary>
internal sealed class ServeLog(LogLevel least) : ILoggerProvider
{
    private volatile bool _isSilent;

    /// <summary>Adds it to a host, or to a part that has a log of its own.</summary>
    public void AddTo(ILoggingBuilder logging) => logging.SetMinimumLevel(least).AddProvider(this);

    /// <summary>Says nothing from now on: that a start has failed or a demo was interrupted is told in one sentence, and not by how the parts are taken down.</summary>
    public void Silence() => _isSilent = true;

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Lines(this, categoryName, least);

    /// <inheritdoc/>
    public void Dispose()
    {
        // Standard error is the process's.
    }

    private sealed class Lines(ServeLog log, string category, LogLevel least) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) =>
            logLevel >= (category.StartsWith("Microsoft.", StringComparison.Ordinal) && least < LogLevel.Warning ? LogLevel.Warning : least);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            // Why a start failed is told by who asked for it, without where in the program.
            if (!IsEnabled(logLevel) || log._isSilent || eventId.Name == "HostedServiceStartupFaulted")
                return;
            var time = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
            // The whole of an exception where a person has to look; its message where things heal by themselves.
            var cause = exception is null ? "" : logLevel >= LogLevel.Error ? $"\n{exception}" : $": {exception.Message}";
            Console.Error.WriteLine($"{time} {Word(logLevel)} {category}: {formatter(state, exception)}{cause}");
        }

        private static string Word(LogLevel level) => level switch
        {
            LogLevel.Trace => "TRC",
            LogLevel.Debug => "DBG",
            LogLevel.Information => "INF",
            LogLevel.Warning => "WRN",
            LogLevel.Error => "ERR",
            _ => "CRT",
        };
    }
}
