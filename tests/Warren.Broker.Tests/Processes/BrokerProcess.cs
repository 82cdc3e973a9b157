using System.Diagnostics;
using System.Globalization;
using Warren.TestKit;

namespace Warren.Broker.Tests.Processes;

/// <summary>A broker in a process of its own, which a test may kill, starve and weigh. It does not outlive the test.</summary>
internal sealed class BrokerProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Arrivals<string> _log = new();
    private readonly Task _reading;

    private BrokerProcess(Process process)
    {
        _process = process;
        _reading = ReadLogAsync(process.StandardError);
    }

    /// <summary>The URL of the virtual host /, for a user who may do everything.</summary>
    public string Url { get; private set; } = "";

    /// <summary>Where it listens, for a broker that is to come back in the same place.</summary>
    public string Address => new Uri(Url).Authority.Split('@')[^1];

    /// <summary>Warnings and worse so far, one line each.</summary>
    public IReadOnlyList<string> Log => _log.Items;

    /// <summary>
    /// Those lines that no client may bring about: exceptions nobody expected, and whatever Kestrel calls an error.
    /// </summary>
    public IEnumerable<string> Faults => Log.Where(line =>
        line.StartsWith("UNHANDLED", StringComparison.Ordinal) || line.StartsWith("UNOBSERVED", StringComparison.Ordinal)
        || line.StartsWith("Unhandled exception", StringComparison.Ordinal) || line.Contains(" EXCEPTION ", StringComparison.Ordinal)
        || line.StartsWith("Critical", StringComparison.Ordinal) || line.StartsWith("Error Microsoft.", StringComparison.Ordinal));

    /// <summary>Bytes of memory it has.</summary>
    public long ResidentBytes => Status("VmRSS");

    /// <summary>The most bytes of memory it ever had.</summary>
    public long PeakResidentBytes => Status("VmHWM");

    /// <summary>How many files and sockets it has open.</summary>
    public int HandleCount => Directory.GetFiles($"/proc/{Id}/fd").Length;

    /// <summary>How long it has worked.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Its process id.</summary>
    public int Id => _process.Id;

    /// <summary>Starts a broker and returns when it takes connections.</summary>
    /// <param name="settings">Options, as name=value.</param>
    public static Task<BrokerProcess> StartAsync(params string[] settings) => StartAsync([], settings);

    /// <summary>Starts a broker behind another program, as <c>unshare</c>.</summary>
    public static async Task<BrokerProcess> StartAsync(string[] wrapper, string[] settings)
    {
        var broker = Run(wrapper, settings);
        try
        {
            var line = await broker.ReadAnswerAsync();
            Assert.True(line?.StartsWith("ready ", StringComparison.Ordinal), $"The broker said '{line}' where it was expected to be ready. {string.Join(" / ", broker.Log)}");
            broker.Url = line!["ready ".Length..];
            return broker;
        }
        catch
        {
            await broker.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a broker that is refused, and returns what it says and its exit code.</summary>
    public static async Task<(string? Line, int ExitCode)> StartRefusedAsync(params string[] settings)
    {
        await using var broker = Run([], settings);
        var line = await broker.ReadAnswerAsync();
        await broker._process.WaitForExitAsync().WaitAsync(Patience, TimeProvider.System);
        return (line, broker._process.ExitCode);
    }

    /// <summary>Starts a broker that is killed, in whatever state it is, when <paramref name="when"/> ends.</summary>
    public static async Task StartAndKillAsync(Task when, params string[] settings)
    {
        await using var broker = Run([], settings);
        await when;
    }

    /// <summary>Collects its garbage and returns how many bytes live.</summary>
    public async Task<long> CollectAsync()
    {
        await _process.StandardInput.WriteLineAsync("collect");
        await _process.StandardInput.FlushAsync();
        return long.Parse(await ReadAnswerAsync() ?? throw new EndOfStreamException($"The broker is gone. {string.Join(" / ", Log)}"), CultureInfo.InvariantCulture);
    }

    /// <summary>Ends it as <c>kill -9</c> does.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync().WaitAsync(Patience, TimeProvider.System);
        await _reading.WaitAsync(Patience, TimeProvider.System);
    }

    /// <summary>Stops it in order.</summary>
    public async Task StopAsync()
    {
        await _process.StandardInput.WriteLineAsync("stop");
        await _process.StandardInput.FlushAsync();
        await _process.WaitForExitAsync().WaitAsync(Patience, TimeProvider.System);
        await _reading.WaitAsync(Patience, TimeProvider.System);
        Assert.Equal(0, _process.ExitCode);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
    }

    private static BrokerProcess Run(string[] wrapper, string[] settings)
    {
        string[] command = [.. wrapper, Path.Combine(AppContext.BaseDirectory, "Warren.Broker.Host"), .. settings];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return new(Process.Start(start)!);
    }

    private Task<string?> ReadAnswerAsync() => _process.StandardOutput.ReadLineAsync().WaitAsync(Patience, TimeProvider.System);

    private async Task ReadLogAsync(StreamReader errors)
    {
        while (await errors.ReadLineAsync() is { } line)
            _log.Add(line);
    }

    private long Status(string name)
    {
        var line = File.ReadLines($"/proc/{Id}/status").First(line => line.StartsWith(name + ":", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
