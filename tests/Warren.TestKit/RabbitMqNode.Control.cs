using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Warren.TestKit;

public sealed partial class RabbitMqNode
{
    private int _virtualHosts;

    /// <summary>Evaluates Erlang expressions (ending in a dot) inside the node, in milliseconds. A binary is returned as it is, any other value as a term.</summary>
    /// <exception cref="InvalidOperationException">The expression failed, or the node is down.</exception>
    public Task<string> EvaluateAsync(string expressions, CancellationToken cancellationToken = default) =>
        Console.EvaluateAsync(expressions, cancellationToken);

    /// <summary>Runs <c>rabbitmqctl</c> against this node and returns what it printed.</summary>
    /// <exception cref="InvalidOperationException">It ended with an error; the message holds what it printed.</exception>
    public async Task<string> RabbitmqctlAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(_installation.Script("rabbitmqctl"), ["-n", Name, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = DataDirectory,
        };
        foreach (var (name, value) in _environment)
            start.Environment[name] = value;
        start.Environment.Remove("RABBITMQ_SCRIPTS_DIR");

        using var process = System.Diagnostics.Process.Start(start) ?? throw new InvalidOperationException("rabbitmqctl could not be started.");
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? await output
            : throw new InvalidOperationException(
                $"rabbitmqctl {string.Join(' ', arguments)} ended with exit code {process.ExitCode}: {await output}{await errors}");
    }

    /// <inheritdoc/>
    public async Task<string> NewVirtualHostAsync(CancellationToken cancellationToken = default)
    {
        var name = $"test-{Interlocked.Increment(ref _virtualHosts)}";
        await AddVirtualHostAsync(name, cancellationToken);
        return Url + name;
    }

    /// <inheritdoc/>
    public Task AddVirtualHostAsync(string name, CancellationToken cancellationToken = default) =>
        EvaluateAsync(
            $"""
            ok = rabbit_vhost:add({Binary(name)}, <<"test">>),
            ok = rabbit_auth_backend_internal:set_permissions(<<"guest">>, {Binary(name)}, <<".*">>, <<".*">>, <<".*">>, <<"test">>).
            """,
            cancellationToken);

    /// <inheritdoc/>
    public Task DeleteVirtualHostAsync(string name, CancellationToken cancellationToken = default) =>
        EvaluateAsync($"rabbit_vhost:delete({Binary(name)}, <<\"test\">>).", cancellationToken);

    /// <inheritdoc/>
    public Task AddUserAsync(
        string user,
        string password,
        string configure = ".*",
        string write = ".*",
        string read = ".*",
        string virtualHost = "/",
        CancellationToken cancellationToken = default) =>
        EvaluateAsync(
            $"""
            ok = rabbit_auth_backend_internal:add_user({Binary(user)}, {Binary(password)}, <<"test">>),
            ok = rabbit_auth_backend_internal:set_permissions(
                {Binary(user)}, {Binary(virtualHost)}, {Binary(configure)}, {Binary(write)}, {Binary(read)}, <<"test">>).
            """,
            cancellationToken);

    /// <inheritdoc/>
    public Task SetMemoryAlarmAsync(bool raised, CancellationToken cancellationToken = default) =>
        // The alarm goes from process to process by messages; who answers a call has read those that came before it.
        EvaluateAsync(
            $"""
            {(raised ? "rabbit_alarm:set_alarm({{resource_limit, memory, node()}, []})" : "rabbit_alarm:clear_alarm({resource_limit, memory, node()})")},
            rabbit_alarm:get_alarms(),
            [catch rabbit_reader:info(Pid, [state]) || {"{Pid, _}"} <- ets:tab2list(connection_created)],
            ok.
            """,
            cancellationToken);

    /// <inheritdoc/>
    public async Task<int> CloseAllConnectionsAsync(string reason, string? virtualHost = null, CancellationToken cancellationToken = default) =>
        int.Parse(
            await EvaluateAsync(
                $"""
                Open = [Pid || {"{Pid, Facts}"} <- ets:tab2list(connection_created), {InVirtualHost("proplists:get_value(vhost, Facts)", virtualHost)}],
                ok = rabbit_networking:close_connections(Open, {Text(reason)}),
                length(Open).
                """,
                cancellationToken),
            System.Globalization.CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public async Task<int> CloseChannelsAsync(string virtualHost, bool consumingOnly = false, CancellationToken cancellationToken = default)
    {
        // As if the client had acknowledged a tag that was never given.
        var chosen = consumingOnly ? "[0] =/= [Count || {consumer_count, Count} <- rabbit_channel:info(Channel, [consumer_count])]" : "true";
        return int.Parse(
            await EvaluateAsync(
                $$"""
                length([rabbit_channel:do(Channel, {'basic.ack', 999999999, false})
                    || {Channel, Facts} <- ets:tab2list(channel_created), {{InVirtualHost("proplists:get_value(vhost, Facts)", virtualHost)}}, {{chosen}}]).
                """,
                cancellationToken),
            System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <inheritdoc/>
    public async Task<BrokerCounts> CountAsync(string? virtualHost = null, CancellationToken cancellationToken = default)
    {
        var queues = virtualHost is null ? "rabbit_amqqueue:list()" : $"rabbit_amqqueue:list({Binary(virtualHost)})";
        var json = await EvaluateAsync(
            $$"""
            Count = fun(Table) -> length([1 || {_, Facts} <- ets:tab2list(Table), {{InVirtualHost("proplists:get_value(vhost, Facts)", virtualHost)}}]) end,
            Consumers = length([1 || Row <- ets:tab2list(consumer_created), {{InVirtualHost("element(2, element(1, element(1, Row)))", virtualHost)}}]),
            iolist_to_binary(io_lib:format("[~b,~b,~b,~b]", [Count(connection_created), Count(channel_created), length({{queues}}), Consumers])).
            """,
            cancellationToken);
        var numbers = JsonSerializer.Deserialize<int[]>(json)!;
        return new(numbers[0], numbers[1], numbers[2], numbers[3]);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<QueueSnapshot>> ListQueuesAsync(string? virtualHost = null, CancellationToken cancellationToken = default)
    {
        var queues = virtualHost is null ? "rabbit_amqqueue:list()" : $"rabbit_amqqueue:list({Binary(virtualHost)})";
        // What RabbitMQ tells of a quorum queue is up to five seconds old, so its state is asked.
        var lines = await EvaluateAsync(
            $$"""
            Number = fun(Value) when is_integer(Value) -> Value; (_) -> 0 end,
            Ask = fun(Queue, What) ->
                case ra:local_query(amqqueue:get_pid(Queue), What, 60000) of {ok, {_, Value}, _} -> Value; {error, _} -> 0 end
            end,
            Counts = fun(Queue) ->
                case amqqueue:get_type(Queue) of
                    rabbit_quorum_queue ->
                        [Ask(Queue, What) || What <-
                            [fun rabbit_fifo:query_messages_ready/1, fun rabbit_fifo:query_messages_checked_out/1, fun rabbit_fifo:query_consumer_count/1]];
                    _ ->
                        [Number(Value) || {_, Value} <- rabbit_amqqueue:info(Queue, [messages_ready, messages_unacknowledged, consumers])]
                end
            end,
            Row = fun(Queue) ->
                {resource, VirtualHost, queue, Name} = amqqueue:get_name(Queue),
                io_lib:format("~ts\t~ts\t~ts\t~b\t~b\t~b\n", [VirtualHost, Name, amqqueue:get_type(Queue) | Counts(Queue)])
            end,
            unicode:characters_to_binary([Row(Queue) || Queue <- {{queues}}]).
            """,
            cancellationToken);
        return
        [
            .. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t')).Select(parts => new QueueSnapshot(
                parts[0], parts[1], parts[2]["rabbit_".Length..^"_queue".Length], Number(parts[3]), Number(parts[4]), (int)Number(parts[5]))),
        ];

        static long Number(string text) => long.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
    }

    private static string InVirtualHost(string expression, string? virtualHost) =>
        virtualHost is null ? "true" : $"{expression} =:= {Binary(virtualHost)}";

    // As bytes, so that no quoting rule of the language matters.
    private static string Binary(string text) => $"<<{string.Join(',', Encoding.UTF8.GetBytes(text))}>>";

    private static string Text(string text) => $"unicode:characters_to_list({Binary(text)})";
}
