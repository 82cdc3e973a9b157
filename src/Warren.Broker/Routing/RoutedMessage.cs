using Warren.Broker.Protocol;

namespace Warren.Broker.Routing;

/// <summary>What exchanges look at in a message: its keys, and headers that are decoded only if one of them asks.</summary>
internal ref struct RoutedMessage
{
    private readonly ReadOnlySpan<byte> _encodedHeaders;
    private FieldTable? _headers;

    /// <summary>A message with headers as <see cref="BasicPropertiesView.Headers"/> has them: with the size before them, or empty.</summary>
    public RoutedMessage(string routingKey, ReadOnlySpan<byte> encodedHeaders)
    {
        RoutingKey = routingKey;
        _encodedHeaders = encodedHeaders;
    }

    /// <summary>A message whose headers were decoded already.</summary>
    public RoutedMessage(string routingKey, FieldTable? headers)
    {
        RoutingKey = routingKey;
        _headers = headers ?? FieldTable.Empty;
    }

    /// <summary>The key it was published with.</summary>
    public string RoutingKey { get; }

    /// <summary>Further keys it is routed by: <see cref="CarbonCopies"/>.</summary>
    public ReadOnlySpan<string> FurtherKeys { get; init; }

    /// <summary>The headers by name.</summary>
    public FieldTable Headers => (_headers ??= _encodedHeaders.IsEmpty ? FieldTable.Empty : FieldTable.Parse(_encodedHeaders[sizeof(uint)..])).Sorted();
}
