namespace Warren.Broker.Protocol;

/// <summary>The type letters RabbitMQ reads in field tables; where AMQP 0-9-1 §4.2.5.5 and practice differ, this is the practice.</summary>
internal enum FieldType : byte
{
    /// <summary>A truth: one octet, anything but 0 is true.</summary>
    Boolean = (byte)'t',

    /// <summary>A signed octet.</summary>
    Int8 = (byte)'b',

    /// <summary>An octet.</summary>
    UInt8 = (byte)'B',

    /// <summary>A signed short integer.</summary>
    Int16 = (byte)'s',

    /// <summary>A short integer.</summary>
    UInt16 = (byte)'u',

    /// <summary>A signed long integer.</summary>
    Int32 = (byte)'I',

    /// <summary>A long integer.</summary>
    UInt32 = (byte)'i',

    /// <summary>A signed long long integer, the letter RabbitMQ writes.</summary>
    Int64 = (byte)'l',

    /// <summary>A signed long long integer, the letter of the specification.</summary>
    SpecInt64 = (byte)'L',

    /// <summary>A 32-bit floating point number.</summary>
    Float = (byte)'f',

    /// <summary>A 64-bit floating point number.</summary>
    Double = (byte)'d',

    /// <summary>A number of decimal places and a long integer.</summary>
    Decimal = (byte)'D',

    /// <summary>Text, or octets that claim to be.</summary>
    LongString = (byte)'S',

    /// <summary>Octets that are no text.</summary>
    Binary = (byte)'x',

    /// <summary>Seconds since 1970.</summary>
    Timestamp = (byte)'T',

    /// <summary>A table within the table.</summary>
    Table = (byte)'F',

    /// <summary>A list of values of any types.</summary>
    Array = (byte)'A',

    /// <summary>Nothing: the name alone is said.</summary>
    Void = (byte)'V',
}
