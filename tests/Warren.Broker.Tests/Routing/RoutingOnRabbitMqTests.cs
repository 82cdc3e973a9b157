using RabbitMQ.Client;
using Warren.Broker.Protocol;
using Warren.TestKit;

namespace Warren.Broker.Tests.Routing;

/// <summary>The same bindings and messages here and on a RabbitMQ node: they must end in the same queues.</summary>
[Trait("Category", "Service")]
public sealed class RoutingOnRabbitMqTests(RabbitMqFixture rabbitMq) : IAsyncLifetime
{
    private const string ExchangeName = "compared";
    private const int Messages = 300;
    private const int Queues = 60;

    private readonly Exchanges _exchanges = new();
    private readonly Dictionary<string, List<string>> _expected = [];
    private IConnection? _connection;
    private IChannel? _channel;

    private IChannel Channel => _channel ?? throw new InvalidOperationException("The channel is open from the start of a test to its end.");

    public async ValueTask InitializeAsync()
    {
        var factory = new ConnectionFactory { Uri = new Uri(await rabbitMq.NewVirtualHostAsync()) };
        _connection = await factory.CreateConnectionAsync();
        _channel = await _connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
    }

    public async ValueTask DisposeAsync()
    {
        if (_channel is not null)
            await _channel.DisposeAsync();
        if (_connection is not null)
            await _connection.DisposeAsync();
    }

    [Fact]
    public async Task Topics_end_in_the_same_queues()
    {
        var random = new Random(41);
        await DeclareAsync("topic");
        for (var i = 0; i < Queues; i++)
            await BindAsync($"q{i}", Key(random, ["a", "b", "", "*", "#", "*", "#"]), FieldTable.Empty);

        for (var i = 0; i < Messages; i++)
            await PublishAsync($"m{i}", Key(random, ["a", "b", "c", "", "*", "#"]), FieldTable.Empty);

        await AssertSameAsync();
    }

    [Fact]
    public async Task Headers_end_in_the_same_queues()
    {
        var random = new Random(42);
        await DeclareAsync("headers");
        for (var i = 0; i < Queues; i++)
        {
            var match = Pick(random, [null, "all", "any", "all-with-x", "any-with-x"]);
            var arguments = Fields(random);
            await BindAsync($"q{i}", "", match is null ? arguments : arguments.With("x-match", match));
        }

        for (var i = 0; i < Messages; i++)
            await PublishAsync($"m{i}", "", Fields(random));

        await AssertSameAsync();
    }

    private static string Key(Random random, string[] words) =>
        string.Join('.', Enumerable.Range(0, random.Next(5)).Select(_ => Pick(random, words)));

    private static FieldTable Fields(Random random) =>
        new([.. new[] { "a", "b", "c", "x-d" }.Where(_ => random.Next(3) > 0).Select(name => new FieldEntry(name, Pick(random, Values)))]);

    private static FieldValue[] Values =>
    [
        1, 1L, true, "1", FieldValue.Double(1), FieldValue.Void, FieldValue.Octets(FieldType.Binary, [(byte)'1']),
        FieldValue.Timestamp(DateTimeOffset.FromUnixTimeSeconds(1)), FieldValue.OfBits(FieldType.Int8, 1), FieldValue.OfBits(FieldType.UInt16, 1),
        FieldTable.Of(("n", 1)), FieldTable.Of(("n", 1L)), FieldTable.Empty, FieldValue.Array(), FieldValue.Array(1), FieldValue.Array("1"),
    ];

    private static T Pick<T>(Random random, T[] values) => values[random.Next(values.Length)];

    private async Task DeclareAsync(string type)
    {
        _exchanges.Declare(type, ExchangeName);
        await Channel.ExchangeDeclareAsync(ExchangeName, type);
    }

    private async Task BindAsync(string queue, string key, FieldTable arguments)
    {
        _exchanges.Bind(ExchangeName, queue, key, [.. arguments.Entries.ToArray().Select(field => (field.Name, field.Value))]);
        _expected[queue] = [];
        await Channel.QueueDeclareAsync(queue);
        await Channel.QueueBindAsync(queue, ExchangeName, key, ToClient(arguments));
    }

    private async Task PublishAsync(string id, string key, FieldTable headers)
    {
        var queues = _exchanges.Route(ExchangeName, key, headers);
        foreach (var queue in queues.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            _expected[queue].Add(id);
        // The client adds a header of its own while it tracks confirms; its name begins with x-, and no binding asks for it.
        var properties = new RabbitMQ.Client.BasicProperties { MessageId = id, Headers = ToClient(headers) };
        await Channel.BasicPublishAsync(ExchangeName, key, mandatory: false, properties, ReadOnlyMemory<byte>.Empty);
    }

    private async Task AssertSameAsync()
    {
        Assert.InRange(_expected.Values.Sum(ids => ids.Count), Messages, Messages * Queues);
        foreach (var (queue, expected) in _expected)
        {
            var arrived = new List<string>();
            while (await Channel.BasicGetAsync(queue, autoAck: true) is { } message)
                arrived.Add(message.BasicProperties.MessageId!);
            Assert.Equal(expected, arrived);
        }
    }

    private static Dictionary<string, object?> ToClient(FieldTable table) =>
        table.Entries.ToArray().ToDictionary(field => field.Name, field => ToClient(field.Value));

    private static object? ToClient(FieldValue value)
    {
        if (value.TryGetTable(out var table))
            return ToClient(table);
        if (value.TryGetArray(out var items))
            return items.Select(ToClient).ToList();
        return value.Type switch
        {
            FieldType.Void => null,
            FieldType.Boolean => value.Bits != 0,
            FieldType.Int8 => (sbyte)value.Bits,
            FieldType.UInt16 => (ushort)value.Bits,
            FieldType.Int32 => (int)value.Bits,
            FieldType.Int64 => value.Bits,
            FieldType.Double => value.AsDouble(),
            FieldType.Timestamp => new AmqpTimestamp(value.Bits),
            FieldType.LongString => value.AsOctets().ToArray(),
            FieldType.Binary => new BinaryTableValue(value.AsOctets().ToArray()),
            _ => throw new ArgumentOutOfRangeException(nameof(value), value.Type, "The comparison does not use this type."),
        };
    }
}
