namespace Warren.Broker.Storage;

/// <summary>
/// A handle to a message in the log: where its bytes are, and the places in queues it lives in. It is small, since there is one for each message
/// of the deepest queue. Everything but the lengths belongs to the log and changes under its lock.
/// </summary>
internal sealed class StoredMessage
{
    private Place _first;
    private Place[]? _more;

    /// <summary>A message that will stand at an offset which the commit of its record decides.</summary>
    public StoredMessage(int offset, int length, int bodyLength)
    {
        Offset = offset;
        Length = length;
        BodyLength = bodyLength;
    }

    /// <summary>The bytes of the body.</summary>
    public int BodyLength { get; }

    /// <summary>The bytes the message takes in the log: its places, metadata, properties and body.</summary>
    public int Length { get; internal set; }

    /// <summary>The log position it was stored at; 0 when it was recovered. From the moment this is durable its bytes can be read from the disk.</summary>
    public long Lsn { get; set; }

    /// <summary>The segment it stands in; null once it lives in no queue any more, or its record was dropped.</summary>
    internal Segment? Segment { get; set; }

    /// <summary>Where in the segment's file its operation begins.</summary>
    internal int Offset { get; set; }

    /// <summary>The next live message of the segment, in the order they stand there.</summary>
    internal StoredMessage? Next { get; set; }

    /// <summary>The live message before this one.</summary>
    internal StoredMessage? Previous { get; set; }

    /// <summary>How many queues it lives in.</summary>
    internal int PlaceCount { get; private set; }

    /// <summary>The places it lives in, in no order.</summary>
    internal Place PlaceAt(int index) => index == 0 ? _first : _more![index - 1];

    /// <summary>Adds a place; the message must not have it.</summary>
    internal void Add(Place place)
    {
        if (PlaceCount == 0)
        {
            _first = place;
        }
        else
        {
            if (_more is null || _more.Length < PlaceCount)
                Array.Resize(ref _more, _more is null ? 1 : _more.Length * 2);
            _more[PlaceCount - 1] = place;
        }
        PlaceCount++;
    }

    /// <summary>Makes room for places that are about to be added.</summary>
    internal void Reserve(int places)
    {
        if (places > 1)
            _more = new Place[places - 1];
    }

    /// <summary>Whether the message lives at this place.</summary>
    internal bool Has(long queueId, long position) => IndexOf(queueId) is >= 0 and var index && PlaceAt(index).Position == position;

    /// <summary>The place in a queue the message is known to be in.</summary>
    internal Place PlaceIn(long queueId) => PlaceAt(IndexOf(queueId));

    /// <summary>Takes the place in a queue away; false when it had none there.</summary>
    internal bool Remove(long queueId)
    {
        var index = IndexOf(queueId);
        if (index < 0)
            return false;
        PlaceCount--;
        Set(index, PlaceAt(PlaceCount));
        if (PlaceCount <= 1)
            _more = null;
        return true;
    }

    /// <summary>Remembers how often the message has been delivered in a queue.</summary>
    internal void SetDeliveries(long queueId, int deliveryCount)
    {
        var index = IndexOf(queueId);
        if (index >= 0)
            Set(index, PlaceAt(index) with { Delivered = true, DeliveryCount = deliveryCount });
    }

    /// <summary>Marks the places in dropped queues; returns how many places are in others.</summary>
    internal int MarkDropped(Func<long, bool> isDropped)
    {
        var left = 0;
        for (var i = 0; i < PlaceCount; i++)
        {
            var place = PlaceAt(i);
            if (!place.IsDropped && isDropped(place.QueueId))
                Set(i, place with { IsDropped = true });
            left += PlaceAt(i).IsDropped ? 0 : 1;
        }
        return left;
    }

    private int IndexOf(long queueId)
    {
        for (var i = 0; i < PlaceCount; i++)
        {
            if (PlaceAt(i).QueueId == queueId)
                return i;
        }
        return -1;
    }

    private void Set(int index, Place place)
    {
        if (index == 0)
            _first = place;
        else
            _more![index - 1] = place;
    }
}
