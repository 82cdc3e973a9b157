using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Warren.Broker;
using Warren.Cli.Serving;
using Warren.Coordinator;
using Warren.Coordinator.Storage;
using Warren.Messaging;

namespace Warren.Cli.Commands;

/// <summary><c>warren serve</c> and <c>warren worker</c>: run a Warren, or only its worker, until they are interrupted.</summary>
internal static class ServeCommand
{
    private static readonly Option<string?> Broker = new("--broker")
    {
        HelpName = "URL", Description = "The broker, amqp://user:password@host:port/vhost. Without one, and without RABBITMQ_URL and its like, an embedded broker runs.",
    };

    private static readonly Option<string?> Amqp = new("--amqp") { HelpName = "HOST:PORT", Description = "Where the embedded broker listens. The default is 127.0.0.1:5672." };
    private static readonly Option<string?> Http = new("--http") { HelpName = "HOST:PORT", Description = "Where HTTP is served. The default is 127.0.0.1:8080." };

    private static readonly Option<string?> Store = new("--store")
    {
        HelpName = "ADDRESS", Description = "Where jobs are kept: sqlite:PATH, or postgres://user:password@host/database. The default is a file of SQLite in --data.",
    };

    private static readonly Option<string?> Data = new("--data") { HelpName = "DIR", Description = "Directory of store and broker. The default is $XDG_DATA_HOME/warren, or ~/.local/share/warren." };
    private static readonly Option<string?> Roles = new("--roles") { HelpName = "LIST", Description = "Which of server, worker and broker run here, separated by commas. The default is all." };
    private static readonly Option<string?> Kinds = new("--kinds") { HelpName = "LIST", Description = "The kinds the worker does, separated by commas. The default is all it can." };
    private static readonly Option<bool> Verbose = new("--verbose") { Description = "Log what happens to each job." };

    private static readonly Option<bool> Quiet = new("--quiet") { Description = "Log warnings and errors only." };

    /// <summary>The verb <c>serve</c>.</summary>
    public static Command Create()
    {
        var command = new Command("serve", "Run Warren: HTTP, coordinator, worker and, unless one is named, a broker. Ends with ctrl-C, in order.")
        {
            Broker, Amqp, Http, Store, Data, Roles, Kinds, Verbose, Quiet,
        };
        command.SetAction((parsed, token) => RunAsync(parsed, Flags(parsed), token));
        return command;
    }

    /// <summary>The verb <c>worker</c>.</summary>
    public static Command CreateWorker()
    {
        var command = new Command("worker", "Run a worker alone; the broker's URL is all it needs.") { Broker, Data, Kinds, Verbose, Quiet };
        command.SetAction((parsed, token) =>
        {
            var flags = Flags(parsed);
            flags["Warren:Roles"] = "worker";
            return RunAsync(parsed, flags, token);
        });
        return command;
    }

    /// <summary>Says where a process runs, in its first line.</summary>
    public static string Describe(ServeSettings settings, WarrenHost host)
    {
        var parts = new List<string> { $"Warren {typeof(ServeCommand).Assembly.GetName().Version!.ToString(3)}" };
        parts.Add(settings.Broker.Kind switch
        {
            BrokerKind.External => $"broker {host.Services.GetRequiredService<IMessageBus>().Health.Broker} ({settings.Broker.ChosenBy})",
            BrokerKind.Embedded => $"embedded broker {host.AmqpUrl} ({settings.Broker.ChosenBy})",
            _ => $"no AMQP ({settings.Broker.ChosenBy})",
        });
        if (settings.Roles.Contains("server"))
            parts.Add($"store {host.Services.GetRequiredService<IJobStore>().Description} ({settings.Store.ChosenBy})");
        if (!settings.Roles.SetEquals(["server", "worker", "broker"]))
            parts.Add($"roles {string.Join(", ", settings.Roles.Order())}");
        if (settings.Roles.Contains("server") && host.HttpUrl is { } http)
            parts.Add(http);
        return string.Join(" · ", parts);
    }

    /// <summary>Starts a Warren, and says what stands in the way if something does.</summary>
    /// <exception cref="CannotStartException">Something stands in the way.</exception>
    /// <exception cref="UsageException">A setting is wrong.</exception>
    public static async Task<WarrenHost> StartAsync(ServeSettings settings, ServeLog log, CancellationToken cancellationToken)
    {
        try
        {
            return await WarrenHost.StartAsync(settings, log, cancellationToken);
        }
        catch (BrokerStartException error) when (error.Reason == BrokerStartFailure.InvalidOptions)
        {
            throw new UsageException(BrokerCommand.InFlags(error.Message));
        }
        catch (BrokerStartException error)
        {
            throw new CannotStartException($"{error.Message}{BrokerCommand.Advice(error)}", error);
        }
        catch (OptionsValidationException error)
        {
            throw new UsageException(string.Join(' ', error.Failures));
        }
        catch (Exception error) when (error is StoreRefusedException or StoreUnavailableException)
        {
            throw new CannotStartException(error.Message, error);
        }
        catch (IOException error) when (error.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            throw new CannotStartException($"{error.InnerException.Message.TrimEnd('.')}: another program serves HTTP there. Choose another with --http 127.0.0.1:8081.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CannotStartException(error.Message, error);
        }
    }

    private static Dictionary<string, string?> Flags(ParseResult parsed)
    {
        var given = new Dictionary<string, string?>();
        foreach (var (option, key) in new[]
        {
            (Broker, "Warren:Messaging:Url"), (Amqp, "Warren:Broker:Listen"), (Http, "Warren:Server:Listen"), (Store, "Warren:Store:Url"),
            (Data, "Warren:Data"), (Roles, "Warren:Roles"), (Kinds, "Warren:Worker:Kinds"),
        })
        {
            if (parsed.GetResult(option) is not null)
                given[key] = parsed.GetValue(option) is { Length: > 0 } value ? value : throw new UsageException($"{option.Name} is empty; {option.HelpName} was expected.");
        }
        if (given.ContainsKey("Warren:Messaging:Url"))
            given["Warren:Messaging:Enabled"] = "true";
        return given;
    }

    private static async Task<int> RunAsync(ParseResult parsed, Dictionary<string, string?> flags, CancellationToken cancellationToken)
    {
        if (parsed.GetValue(Verbose) && parsed.GetValue(Quiet))
            throw new UsageException("--verbose and --quiet are both given; expected one of them.");
        var settings = ServeSettings.Read(flags);
        using var signals = new StopSignals(cancellationToken);
        using var output = new Output();
        if (settings.Broker.Note is { } note)
            await Console.Error.WriteLineAsync($"warren: {note}");
        var least = parsed.GetValue(Verbose) ? LogLevel.Debug : parsed.GetValue(Quiet) ? LogLevel.Warning : LogLevel.Information;
        await using var host = await StartAsync(settings, new ServeLog(least), signals.Token);
        output.WriteLine(Describe(settings, host));
        await host.RunAsync(signals.Token);
        return ExitCode.Ok;
    }
}

/// <summary>Something stands in the way of a start; the message is one for the user.</summary>
internal sealed class CannotStartException(string message, Exception innerException) : Exception(message, innerException);
