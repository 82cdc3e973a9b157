using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Warren.Broker;
using Warren.Cli.Serving;

namespace Warren.Cli.Commands;

/// <summary><c>warren broker</c>: runs an AMQP broker by itself until it is interrupted.</summary>
internal static class BrokerCommand
{
    private const string DefaultAddress = "127.0.0.1:5672";

    // Below the time after which the program is ended whatever it does.
    private static readonly TimeSpan LongestStop = TimeSpan.FromSeconds(5);

    private static readonly Option<string?> Amqp = new("--amqp")
    {
        HelpName = "HOST:PORT",
        Description = $"Where to listen; * is every address of the machine, port 0 a free one. The default is Warren__Broker__Listen, else {DefaultAddress}.",
    };

    private static readonly Option<int?> Port = new("--port")
    {
        HelpName = "N", Description = "The same as --amqp 127.0.0.1:N.", CustomParser = ReadPort,
    };

    private static readonly Option<string?> Data = new("--data")
    {
        HelpName = "DIR", Description = "Where durable queues and messages are kept. The default is $XDG_DATA_HOME/warren/broker, or ~/.local/share/warren/broker.",
    };

    private static readonly Option<bool> InMemory = new("--in-memory") { Description = "Keep nothing: all is gone when the broker stops." };

    private static readonly Option<string?> Tls = new("--tls") { HelpName = "HOST:PORT", Description = "Where to listen for TLS as well, with --certificate." };

    private static readonly Option<string?> Certificate = new("--certificate")
    {
        HelpName = "FILE", Description = "The certificate for --tls in PEM form, with the certificates above it.",
    };

    private static readonly Option<string?> Key = new("--key") { HelpName = "FILE", Description = "The certificate's key in PEM form. The default is the file of --certificate." };

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var command = new Command("broker", "Run an AMQP broker that clients take for RabbitMQ, until ctrl-C. Users are settings: Warren__Broker__Users__NAME__Password, with permissions if wanted (docs/reference/broker.md).")
        {
            Amqp, Port, Data, InMemory, Tls, Certificate, Key,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        using var log = new StandardErrorLog();
        using var certificate = ReadCertificate(parsed);
        var options = ReadOptions(parsed);
        options.LoggerFactory = log;
        options.Certificate = certificate;
        using var output = new Output();
        // Of its own: who stops it the moment it has said its URL must not find that nobody listens for the signal yet.
        using var stop = new StopSignals(cancellationToken);

        try
        {
            await using var broker = await EmbeddedBroker.StartAsync(options, stop.Token);
            var tls = options.ListenTls.Count > 0 ? $" · TLS on {broker.EndPoints[^1]}" : "";
            output.WriteLine($"{broker.Url}{tls} · {(options.Data is null ? "in memory" : $"data {options.Data}")}");
            try
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop.Token);
            }
            catch (OperationCanceledException)
            {
                // Ctrl-C or the system's request is how it ends.
            }

            using var patience = new CancellationTokenSource(LongestStop, TimeProvider.System);
            await broker.StopAsync(patience.Token);
            return ExitCode.Ok;
        }
        catch (BrokerStartException error) when (error.Reason == BrokerStartFailure.InvalidOptions)
        {
            throw new UsageException(InFlags(error.Message));
        }
        catch (BrokerStartException error)
        {
            return CommandLine.Fail(ExitCode.Unreachable, $"{error.Message}{Advice(error)}");
        }
    }

    private static BrokerOptions ReadOptions(ParseResult parsed)
    {
        if (parsed.GetValue(Amqp) is not null && parsed.GetValue(Port) is not null)
            throw new UsageException("--amqp and --port are both given; expected one of them.");
        if (parsed.GetValue(Data) is not null && parsed.GetValue(InMemory))
            throw new UsageException("--data and --in-memory are both given; expected one of them.");

        var configuration = BrokerSettings.Configuration();
        var options = new BrokerOptions
        {
            Listen = [parsed.GetValue(Amqp) ?? (parsed.GetValue(Port) is { } port ? $"127.0.0.1:{port}" : configuration["Warren:Broker:Listen"] ?? DefaultAddress)],
            ListenTls = parsed.GetValue(Tls) is { } tls ? [tls] : [],
            Data = parsed.GetValue(InMemory) ? null : Path.GetFullPath(parsed.GetValue(Data) is { } data ? NotEmpty(data) : DefaultData()),
        };
        BrokerAccess.AddTo(options, configuration);
        return options;
    }

    private static string DefaultData() =>
        Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "warren", "broker");

    private static string NotEmpty(string data) => data.Length > 0 ? data : throw new UsageException("--data is empty; expected a directory.");

    private static X509Certificate2? ReadCertificate(ParseResult parsed)
    {
        if (parsed.GetValue(Certificate) is not { } file)
            return parsed.GetValue(Tls) is null ? null : throw new UsageException("--tls needs --certificate FILE.");
        if (parsed.GetValue(Tls) is null)
            throw new UsageException("--certificate is given without --tls HOST:PORT.");
        try
        {
            return X509Certificate2.CreateFromPemFile(file, parsed.GetValue(Key));
        }
        catch (Exception error) when (error is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--certificate {file}{(parsed.GetValue(Key) is { } key ? $" with --key {key}" : "")} cannot be read: {error.Message}");
        }
    }

    private static int? ReadPort(ArgumentResult given)
    {
        if (ushort.TryParse(given.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var port))
            return port;
        given.AddError($"--port is '{given.Tokens[0].Value}'; expected a number from 0 to {ushort.MaxValue}.");
        return null;
    }

    /// <summary>A message of the library, which speaks of its own names, in the names of the flags and settings.</summary>
    public static string InFlags(string message) => message
        .Replace("ListenTls is", "--tls is", StringComparison.Ordinal)
        .Replace("Listen is", "--amqp is", StringComparison.Ordinal)
        .Replace("Users:", "Warren:Broker:Users:", StringComparison.Ordinal)
        .Replace("VirtualHosts has", "Warren:Broker:VirtualHosts has", StringComparison.Ordinal);

    /// <summary>What to do about a port that is taken, as the end of a message; empty for other reasons.</summary>
    public static string Advice(BrokerStartException error)
    {
        if (error is not { Reason: BrokerStartFailure.AddressInUse, EndPoint: { } taken })
            return "";
        var other = $"--amqp {new IPEndPoint(taken.Address, taken.Port < IPEndPoint.MaxPort ? taken.Port + 1 : taken.Port - 1)}";
        if (error.Occupant is null)
            return $" Choose another, as {other}.";
        var host = IPAddress.IsLoopback(taken.Address) || taken.Address.Equals(IPAddress.Any) || taken.Address.Equals(IPAddress.IPv6Any)
            ? "localhost"
            : $"{new IPEndPoint(taken.Address, 0)}"[..^2];
        return $" Use it with RABBITMQ_URL=amqp://{host}{(taken.Port == 5672 ? "" : $":{taken.Port}")}/, or choose {other}.";
    }
}
