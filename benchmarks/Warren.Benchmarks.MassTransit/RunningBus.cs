using MassTransit;

namespace Warren.Benchmarks.MassTransit;

/// <summary>A started bus, stopped when disposed: running handlers are awaited and acknowledged first.</summary>
internal sealed class RunningBus(IBusControl bus) : IAsyncDisposable
{
    /// <summary>The bus.</summary>
    public IBus Bus => bus;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await bus.StopAsync();
}
