using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Warren.TestKit;

namespace Warren.Messaging.Tests.Hosting;

/// <summary>An application under test: a real host with settings from memory, and its log at hand.</summary>
internal static class HostSample
{
    public static IHost Build(Action<IServiceCollection> add, CollectedLog? log = null, TimeProvider? time = null, params string[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(settings.Select(text => KeyValuePair.Create(text.Split('=', 2)[0], (string?)text.Split('=', 2)[1])));
        if (time is not null)
            builder.Services.AddSingleton(time);
        if (log is not null)
            builder.Logging.AddProvider(log);
        add(builder.Services);
        return builder.Build();
    }

    public static Task Until(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string what = "") =>
        Eventually.ThatAsync(condition, what, cancellationToken: TestContext.Current.CancellationToken);
}

/// <summary>Keeps what was logged as <c>Level: text</c>, and lets a test wait for a line.</summary>
internal sealed class CollectedLog : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();

    public event Action<string>? Line;

    public IReadOnlyList<string> Lines => [.. _lines];

    public ILogger CreateLogger(string categoryName) =>
        categoryName.StartsWith("Warren", StringComparison.Ordinal) ? this : Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var line = $"{logLevel}: {formatter(state, exception)}";
        _lines.Enqueue(line);
        Line?.Invoke(line);
    }

    public void Dispose()
    {
    }
}

/// <summary>A clock whose waits are over at once; it keeps how long they would have been.</summary>
internal sealed class ImpatientTimeProvider : TimeProvider
{
    public ConcurrentQueue<TimeSpan> Waits { get; } = new();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime != Timeout.InfiniteTimeSpan)
            Waits.Enqueue(dueTime);
        return base.CreateTimer(callback, state, dueTime == Timeout.InfiniteTimeSpan ? dueTime : TimeSpan.Zero, period);
    }
}
