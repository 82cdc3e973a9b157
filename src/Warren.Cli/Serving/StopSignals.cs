using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Warren.Cli.Serving;

/// <summary>Ctrl-C and the system's request to end, as a token; from the moment it is made, neither ends the program by itself.</summary>
internal sealed class StopSignals : IDisposable
{
    [SuppressMessage("Reliability", "CA2213:Disposable fields should be disposed", Justification = "A signal may still be at it.")]
    private readonly CancellationTokenSource _stop;
    private readonly PosixSignalRegistration _terminate;
    private readonly PosixSignalRegistration _interrupt;

    /// <summary>Begins to listen.</summary>
    /// <param name="cancellationToken">Stops as well.</param>
    public StopSignals(CancellationToken cancellationToken)
    {
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
    }

    /// <summary>Canceled by the first signal.</summary>
    public CancellationToken Token => _stop.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        _terminate.Dispose();
        _interrupt.Dispose();
    }

    private void Stop(PosixSignalContext signal)
    {
        signal.Cancel = true;
        // Not on the thread of signals: the whole stop of the program hangs on it. So the source is not disposed either, it holds nothing.
        _ = _stop.CancelAsync();
    }
}
