using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Warren.TestKit;

/// <summary>A private RabbitMQ node: own name, ports, cookie and data, on 127.0.0.1, gone without trace when disposed or when the tests die.</summary>
public sealed partial class RabbitMqNode : IControllableBroker, IBrokerProcess
{
    private const int StartTries = 3;

    private readonly RabbitMqNodeOptions _options;
    private readonly RabbitMqInstallation _installation;
    private readonly string _home;
    private readonly Dictionary<string, string> _environment = new(StringComparer.Ordinal);
    private NodeProcess? _process;
    private NodeConsole? _console;

    private RabbitMqNode(RabbitMqInstallation installation, RabbitMqNodeOptions options)
    {
        _installation = installation;
        _options = options;
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(5));
        Name = $"warren-{id}@localhost";
        DataDirectory = Path.Combine(Path.GetTempPath(), $"warren-rabbitmq-{id}");
        _home = Path.Combine(DataDirectory, "server");
    }

    /// <summary>Whether a RabbitMQ server is installed on this machine.</summary>
    public static bool IsInstalled => RabbitMqInstallation.Find() is not null;

    /// <summary>The Erlang name of the node.</summary>
    public string Name { get; }

    /// <inheritdoc/>
    /// <remarks>It stays the same over restarts.</remarks>
    public int Port { get; private set; }

    /// <inheritdoc/>
    public string Url => $"amqp://guest:guest@127.0.0.1:{Port}/";

    /// <summary>The address of the management API (user guest, password guest); null without the plugin <c>rabbitmq_management</c>.</summary>
    public Uri? ManagementUrl { get; private set; }

    /// <summary>The server's version, for example 3.10.8.</summary>
    public Version Version { get; private set; } = new();

    /// <summary>Where the node keeps its data, logs and configuration.</summary>
    public string DataDirectory { get; }

    /// <summary>Whether the node's process runs, be it paused.</summary>
    public bool IsRunning => _process is { Exited.IsCompleted: false };

    /// <summary>Starts a node and returns when it takes connections.</summary>
    /// <exception cref="InvalidOperationException">No server is installed, or it did not start: the message ends with its log.</exception>
    public static async Task<RabbitMqNode> StartAsync(RabbitMqNodeOptions? options = null, CancellationToken cancellationToken = default)
    {
        var installation = RabbitMqInstallation.Find()
            ?? throw new InvalidOperationException("No RabbitMQ server was found; expected one in /usr/lib/rabbitmq, in RABBITMQ_HOME or on the PATH.");
        for (var attempt = 1; ; attempt++)
        {
            var node = new RabbitMqNode(installation, options ?? new());
            try
            {
                node.Prepare();
                await node.RunAsync(cancellationToken);
                return node;
            }
            catch (InvalidOperationException) when (attempt < StartTries && node.LogText().Contains("eaddrinuse", StringComparison.Ordinal))
            {
                // Another run drew the same port in the moment between the look and the bind.
                await node.DisposeAsync();
            }
            catch
            {
                await node.DisposeAsync();
                throw;
            }
        }
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        if (!IsRunning)
            return;
        // A paused one could not stop.
        await ResumeAsync(cancellationToken);
        try
        {
            await Console.EvaluateAsync("rabbit:stop(), erlang:halt(0).", cancellationToken);
        }
        catch (InvalidOperationException)
        {
            // It halts before it can answer.
        }

        await EndedAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public Task StartAgainAsync(CancellationToken cancellationToken = default) =>
        IsRunning
            ? throw new InvalidOperationException($"The node {Name} runs; only a stopped or killed one can be started again.")
            : RunAsync(cancellationToken);

    /// <summary>Stops the node in order and starts it again.</summary>
    public async Task RestartAsync(CancellationToken cancellationToken = default)
    {
        await StopAsync(cancellationToken);
        await StartAgainAsync(cancellationToken);
    }

    /// <inheritdoc/>
    /// <remarks>A quorum queue declared less than about three seconds before may come back without a leader.</remarks>
    public async Task KillAsync(CancellationToken cancellationToken = default)
    {
        if (!IsRunning)
            return;
        await _process!.SignalAsync("KILL", cancellationToken);
        await EndedAsync(cancellationToken);
    }

    /// <summary>Freezes the node (<c>SIGSTOP</c>): its connections stay open and nothing answers.</summary>
    public Task PauseAsync(CancellationToken cancellationToken = default) => Process.PauseAsync(cancellationToken);

    /// <summary>Lets a frozen node go on.</summary>
    public Task ResumeAsync(CancellationToken cancellationToken = default) => Process.SignalAsync("CONT", cancellationToken);

    /// <summary>What the node has logged so far, with what it printed before its log was open.</summary>
    public string LogText()
    {
        var text = new StringBuilder();
        foreach (var path in new[] { At("start.log"), At("node.log") }.Where(File.Exists))
        {
            using var file = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
            text.Append(file.ReadToEnd());
        }

        return text.ToString();
    }

    /// <summary>Kills the node and deletes its data.</summary>
    public async ValueTask DisposeAsync()
    {
        if (IsRunning)
            await _process!.AbandonAsync();
        await ForgetProcessAsync();
        if (Directory.Exists(DataDirectory))
            Directory.Delete(DataDirectory, recursive: true);
    }

    private NodeProcess Process => _process is { Exited.IsCompleted: false } running ? running : throw Down();

    private NodeConsole Console => _console ?? throw Down();

    private InvalidOperationException Down() => new($"The node {Name} is down; it must run for this.");

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        await ForgetProcessAsync();
        using var patience = new CancellationTokenSource(_options.StartTimeout, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            _console = await NodeConsole.OpenAsync(
                Path.Combine(DataDirectory, "console.erl"),
                start: async () => _process = await NodeProcess.StartAsync(
                    Path.Combine(_home, "sbin", "rabbitmq-server"), DataDirectory, _environment, either.Token),
                ended: () => _process!.Exited,
                either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new InvalidOperationException($"The node {Name} was not ready within {_options.StartTimeout}. Its log ends:\n{LogTail()}");
        }

        if (_console is null)
        {
            var code = _process!.ExitCode;
            await ForgetProcessAsync();
            throw new InvalidOperationException($"The node {Name} ended with exit code {code} before it was ready. Its log ends:\n{LogTail()}");
        }

        Version = Version.Parse((await EvaluateAsync("list_to_binary(rabbit_misc:version()).", cancellationToken)).Split('-', '+')[0]);
    }

    private async Task EndedAsync(CancellationToken cancellationToken)
    {
        await _process!.Exited.WaitAsync(cancellationToken);
        await ForgetProcessAsync();
    }

    private async Task ForgetProcessAsync()
    {
        if (_console is not null)
            await _console.DisposeAsync();
        _console = null;
        _process?.Dispose();
        _process = null;
    }

    private string LogTail() => string.Join('\n', LogText().Split('\n').TakeLast(100));

    private void Prepare()
    {
        foreach (var directory in (string[])["", "home", "mnesia", "log", "conf.d", "server"])
            Directory.CreateDirectory(Path.Combine(DataDirectory, directory));
        _installation.MakePrivateHome(_home, _options.Plugins);

        Port = FreePorts.Next();
        int? managementPort = _options.Plugins.Contains("rabbitmq_management") ? FreePorts.Next() : null;
        if (managementPort is not null)
            ManagementUrl = new Uri($"http://127.0.0.1:{managementPort}/");

        File.WriteAllText(At("advanced.config"), AdvancedConfiguration(managementPort));
        File.WriteAllText(At("enabled_plugins"), $"[{string.Join(',', _options.Plugins)}].\n");
        if (_options.Configuration.Count > 0)
            File.WriteAllLines(At("rabbitmq.conf"), _options.Configuration);

        _environment["HOME"] = At("home");
        _environment["ERL_EPMD_PORT"] = $"{FreePorts.Next()}";
        _environment["ERL_EPMD_ADDRESS"] = "127.0.0.1";
        _environment["ERL_CRASH_DUMP_SECONDS"] = "0";
        _environment["RABBITMQ_SCRIPTS_DIR"] = Path.Combine(_home, "sbin");
        _environment["RABBITMQ_NODENAME"] = Name;
        _environment["RABBITMQ_NODE_PORT"] = $"{Port}";
        _environment["RABBITMQ_DIST_PORT"] = $"{FreePorts.Next()}";
        _environment["RABBITMQ_MNESIA_BASE"] = At("mnesia");
        _environment["RABBITMQ_LOG_BASE"] = At("log");
        _environment["RABBITMQ_LOGS"] = At("node.log");
        _environment["RABBITMQ_ENABLED_PLUGINS_FILE"] = At("enabled_plugins");
        _environment["RABBITMQ_ADVANCED_CONFIG_FILE"] = At("advanced.config");
        _environment["RABBITMQ_CONFIG_FILE"] = At("rabbitmq");
        _environment["RABBITMQ_CONFIG_FILES"] = At("conf.d");
        _environment["RABBITMQ_CONF_ENV_FILE"] = At("rabbitmq-env.conf");
        // The server script then becomes the runtime instead of staying as its parent, so signals meet the right process.
        _environment["RUNNING_UNDER_SYSTEMD"] = "true";
        _environment["WARREN_CONSOLE"] = At("console.erl");
        _environment["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "-eval file:script(os:getenv(\"WARREN_CONSOLE\"))";
        // A call while the node is down must not leave an epmd behind.
        _environment["RABBITMQ_CTL_ERL_ARGS"] = "-start_epmd false";
        _environment["RABBITMQ_CTL_DIST_PORT_MIN"] = "10240";
        _environment["RABBITMQ_CTL_DIST_PORT_MAX"] = "32000";
    }

    private string At(string name) => Path.Combine(DataDirectory, name);

    private string AdvancedConfiguration(int? managementPort)
    {
        List<string> rabbit =
        [
            string.Create(CultureInfo.InvariantCulture, $"{{tcp_listeners, [{{\"127.0.0.1\", {Port}}}]}}"),
            string.Create(CultureInfo.InvariantCulture, $"{{disk_free_limit, {_options.DiskFreeLimit}}}"),
        ];
        if (_options.ConsumerTimeout is { } timeout)
        {
            rabbit.Add(string.Create(CultureInfo.InvariantCulture, $"{{consumer_timeout, {(long)timeout.TotalMilliseconds}}}"));
            rabbit.Add("{channel_tick_interval, 1000}");
        }

        if (_options.VmMemoryHighWatermark is { } watermark)
            rabbit.Add(string.Create(CultureInfo.InvariantCulture, $"{{vm_memory_high_watermark, {watermark:0.0#########}}}"));

        var management = managementPort is null
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $",\n {{rabbitmq_management, [{{tcp_config, [{{port, {managementPort}}}, {{ip, \"127.0.0.1\"}}]}}]}}");
        return $"[{{rabbit, [\n   {string.Join(",\n   ", rabbit)}]}}{management}].\n";
    }
}
