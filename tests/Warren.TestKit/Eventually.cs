using System.Collections;

namespace Warren.TestKit;

/// <summary>Waits for something that another process or thread will make true, and says what was wrong if it never was.</summary>
public static class Eventually
{
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(250);

    /// <summary>Returns once <paramref name="condition"/> is true.</summary>
    /// <param name="what">What is waited for, as the end of "It did not happen that …".</param>
    /// <param name="timeout">The default is 30 seconds.</param>
    /// <exception cref="EventuallyException">It was not true in time; the message holds the last exception.</exception>
    public static Task ThatAsync(Func<bool> condition, string what, TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        GetAsync(() => Task.FromResult(condition()), static met => met, what, timeout, cancellationToken);

    /// <inheritdoc cref="ThatAsync(Func{bool}, string, TimeSpan?, CancellationToken)"/>
    public static Task ThatAsync(Func<Task<bool>> condition, string what, TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        GetAsync(condition, static met => met, what, timeout, cancellationToken);

    /// <summary>Returns once <paramref name="assertions"/> pass, that is, throw nothing.</summary>
    /// <inheritdoc cref="ThatAsync(Func{bool}, string, TimeSpan?, CancellationToken)"/>
    public static Task PassesAsync(Func<Task> assertions, string what, TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        GetAsync(
            async () =>
            {
                await assertions();
                return true;
            },
            static _ => true,
            what,
            timeout,
            cancellationToken);

    /// <summary>Returns the first value <paramref name="read"/> gives that <paramref name="accept"/> takes.</summary>
    /// <inheritdoc cref="ThatAsync(Func{bool}, string, TimeSpan?, CancellationToken)"/>
    public static async Task<T> GetAsync<T>(
        Func<Task<T>> read, Func<T, bool> accept, string what, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        var patience = timeout ?? DefaultTimeout;
        var time = TimeProvider.System;
        var start = time.GetTimestamp();
        var pause = ShortestPause;
        for (var tries = 1; ; tries++)
        {
            string last;
            Exception? error = null;
            try
            {
                var left = patience - time.GetElapsedTime(start);
                // The last look may come late but never hang for ever.
                var value = await read().WaitAsync(left > LongestPause ? left : LongestPause, time, cancellationToken);
                if (accept(value))
                    return value;
                last = $"the last value was {Shown(value)}";
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                // Not yet true counts as false; it is told if it stays so.
                error = exception;
                last = $"the last look threw {exception.GetType().Name}: {exception.Message}";
            }

            var elapsed = time.GetElapsedTime(start);
            if (elapsed >= patience)
                throw new EventuallyException($"It did not happen that {what}, within {elapsed.TotalSeconds:0.0} s and {tries} looks; {last}.", error);

            await Task.Delay(pause < patience - elapsed ? pause : patience - elapsed, time, cancellationToken);
            pause = pause * 1.5 < LongestPause ? pause * 1.5 : LongestPause;
        }
    }

    private static string Shown(object? value) => value switch
    {
        null => "null",
        string text => text,
        IEnumerable items => $"[{string.Join(", ", items.Cast<object?>().Select(Shown))}]",
        _ => value.ToString()!,
    };
}

/// <summary>Something a test waited for did not happen in time.</summary>
public sealed class EventuallyException(string message, Exception? innerException) : Exception(message, innerException);
