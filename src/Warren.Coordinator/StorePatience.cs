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
    public async Task<T> AskAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken) =>
        await _pipeline.ExecuteAsync(async token => await ask(token), cancellationToken);

    /// <inheritdoc cref="AskAsync{T}"/>
    public async Task AskAsync(Func<CancellationToken, Task> ask, CancellationToken cancellationToken) =>
        await _pipeline.ExecuteAsync(async token => await ask(token), cancellationToken);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "The store cannot be reached: {Reason} Trying again in {Pause}; nothing is acknowledged meanwhile")]
        public static partial void StoreAway(ILogger logger, string reason, TimeSpan pause);
    }
}
