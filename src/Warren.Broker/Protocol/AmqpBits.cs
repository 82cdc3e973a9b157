namespace Warren.Broker.Protocol;

/// <summary>An octet of packed bits, the first argument in the lowest one (AMQP 0-9-1 §4.2.5.2).</summary>
internal readonly record struct AmqpBits(byte Octet)
{
    /// <summary>Packs up to five bits, the most any method has in a row.</summary>
    public AmqpBits(bool first, bool second = false, bool third = false, bool fourth = false, bool fifth = false)
        : this((byte)((first ? 1 : 0) | (second ? 2 : 0) | (third ? 4 : 0) | (fourth ? 8 : 0) | (fifth ? 16 : 0)))
    {
    }

    /// <summary>The bit at this place, counted from the first argument at 0.</summary>
    public bool this[int index] => (Octet >> index & 1) != 0;
}
