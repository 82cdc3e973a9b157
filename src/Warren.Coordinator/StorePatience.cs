using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;

namespace Warren.Coordinator;

/// <summary>Waits for a store that is away: what is in hand stays in hand, unacknowledged, until it can be written down.</summary>
internal sealed partial class StorePatience
{
    private readonly ResiliencePipeline _pipeline;

    /// <summary>Patience without end.</summary>
    public StorePatience(TimeProvider time, ILogger logger) => _pipeline = new ResiliencePipelineBuilder { TimeProvider = time }
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<StoreUnavailableException>(),
            MaxRetryAttempts = int.MaxValue,
            BackoffType = DelayBackoffType.Exponential,
            Delay = TimeSpan.FromMilliseconds(50),
            MaxDelay = TimeSpan.FromSeconds(2),
            UseJitter = true,
            OnRetry = retry =>
            {
                // The first failures of an outage, then one in sixteen.
                if (retry.AttemptNumber < 3 || retry.AttemptNumber % 16 == 0)
                    Log.StoreAway(logger, retry.Outcome.Exception!.Message, retry.RetryDelay);
                return ValueTask.CompletedTask;
            },
        })
        .Build();

    /// <summary>Calls the store until it answers.</summary>
    public async Task<T> AskAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        try
        {
            return await ask(cancellationToken);
        }
        catch (StoreUnavailableException error)
        {
            return await AskAgainAsync(ask, error, cancellationToken);
        }
    }

    /// <inheritdoc cref="AskAsync{T}"/>
    public Task AskAsync(Func<CancellationToken, Task> ask, CancellationToken cancellationToken) => AskAsync(
        async token =>
        {
            await ask(token);
            return true;
        },
        cancellationToken);

    // The pipeline costs more than most calls do: it comes in with the first failure, which it is shown.
    private async Task<T> AskAgainAsync<T>(Func<CancellationToken, Task<T>> ask, StoreUnavailableException first, CancellationToken cancellationToken)
    {
        StoreUnavailableException? failure = first;
        return await _pipeline.ExecuteAsync(
            async token => Interlocked.Exchange(ref failure, null) is { } error ? throw error : await ask(token), cancellationToken);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "The store cannot be reached: {Reason} Trying again in {Pause}; nothing is acknowledged meanwhile")]
        public static partial void StoreAway(ILogger logger, string reason, TimeSpan pause);
    }
}
