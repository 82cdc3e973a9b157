using Microsoft.Extensions.Logging;

namespace Warren.Broker.Storage;

/// <summary>The alarms that stand. They are raised and cleared by the writer alone, and read by anybody.</summary>
internal sealed partial class StoreAlarms(ILogger logger)
{
    private readonly SortedDictionary<StoreAlarmKind, StoreAlarm> _standing = [];
    private volatile StoreAlarm? _current;

    /// <summary>The most serious alarm, or null when all is well.</summary>
    public StoreAlarm? Current => _current;

    /// <summary>Called with the most serious alarm when another one is, or with null when the last one was cleared; on the writer's thread.</summary>
    public event Action<StoreAlarm?>? Changed;

    /// <summary>Raises an alarm, if it does not stand.</summary>
    public void Raise(StoreAlarmKind kind, string text)
    {
        if (!_standing.TryAdd(kind, new(kind, text)))
            return;
        Log.Raised(logger, kind, text);
        Update();
    }

    /// <summary>Clears an alarm, if it stands.</summary>
    public void Clear(StoreAlarmKind kind)
    {
        if (_standing.Count == 0 || !_standing.Remove(kind))
            return;
        Log.Cleared(logger, kind);
        Update();
    }

    private void Update()
    {
        var current = _standing.Count == 0 ? null : _standing.Values.Last();
        if (current == _current)
            return;
        _current = current;
        try
        {
            Changed?.Invoke(current);
        }
        catch (Exception error)
        {
            // The alarm stands all the same, and the writer goes on.
            Log.ListenerFailed(logger, error);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "The log raises the alarm {Kind}: {Text}")]
        public static partial void Raised(ILogger logger, StoreAlarmKind kind, string text);

        [LoggerMessage(LogLevel.Information, "The log clears the alarm {Kind}")]
        public static partial void Cleared(ILogger logger, StoreAlarmKind kind);

        [LoggerMessage(LogLevel.Error, "What listens to the alarms of the log failed")]
        public static partial void ListenerFailed(ILogger logger, Exception error);
    }
}
