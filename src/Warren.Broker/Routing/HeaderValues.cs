using Warren.Broker.Protocol;

namespace Warren.Broker.Routing;

/// <summary>Compares values as RabbitMQ does: by what they are in Erlang, not by the letter they came with.</summary>
/// <remarks>
/// Numbers of every width, timestamps and floating point numbers are equal when their values are; text and binaries when their octets are.
/// Within tables and arrays the names and types count too, and an empty one equals the other.
/// </remarks>
internal static class HeaderValues
{
    /// <summary>True when RabbitMQ would find these two equal.</summary>
    public static bool AreEqual(FieldValue left, FieldValue right)
    {
        var sort = SortOf(left);
        if (sort != SortOf(right))
            return false;
        return sort switch
        {
            Sort.Number => NumbersAreEqual(left, right),
            Sort.Octets => left.AsOctets().SequenceEqual(right.AsOctets()),
            Sort.List => ListsAreEqual(left, right),
            Sort.Truth => left.Bits != 0 == (right.Bits != 0),
            _ => left.Bits == right.Bits,
        };
    }

    private enum Sort
    {
        Number,
        Octets,
        List,
        Truth,
        Decimal,
        Nothing,
    }

    private static Sort SortOf(FieldValue value) => value.Type switch
    {
        FieldType.LongString or FieldType.Binary => Sort.Octets,
        FieldType.Table or FieldType.Array => Sort.List,
        FieldType.Boolean => Sort.Truth,
        FieldType.Decimal => Sort.Decimal,
        FieldType.Void => Sort.Nothing,
        _ => Sort.Number,
    };

    private static bool NumbersAreEqual(FieldValue left, FieldValue right) => (IsFloat(left), IsFloat(right)) switch
    {
        (true, true) => left.AsDouble() == right.AsDouble(),
        (true, false) => IsWhole(left.AsDouble(), ToWhole(right)),
        (false, true) => IsWhole(right.AsDouble(), ToWhole(left)),
        _ => ToWhole(left) == ToWhole(right),
    };

    private static bool IsFloat(FieldValue value) => value.Type is FieldType.Float or FieldType.Double;

    // Timestamps are unsigned and may pass what a long holds.
    private static Int128 ToWhole(FieldValue value) => value.Type == FieldType.Timestamp ? (ulong)value.Bits : value.Bits;

    private static bool IsWhole(double number, Int128 whole) =>
        Math.Abs(number) < 1e30 && Math.Truncate(number) == number && (Int128)number == whole;

    private static bool ListsAreEqual(FieldValue left, FieldValue right)
    {
        if (left.TryGetTable(out var leftTable) && right.TryGetTable(out var rightTable))
            return TablesAreEqual(leftTable, rightTable);
        if (left.TryGetArray(out var leftItems) && right.TryGetArray(out var rightItems))
            return ItemsAreEqual(leftItems, rightItems);
        return IsEmpty(left) && IsEmpty(right);
    }

    private static bool IsEmpty(FieldValue list) => list.TryGetTable(out var table) ? table.Count == 0 : list.TryGetArray(out var items) && items.Count == 0;

    private static bool TablesAreEqual(FieldTable left, FieldTable right)
    {
        if (left.Count != right.Count)
            return false;
        for (var i = 0; i < left.Count; i++)
        {
            var (one, other) = (left.Entries[i], right.Entries[i]);
            if (one.Name != other.Name || !TypedAreEqual(one.Value, other.Value))
                return false;
        }

        return true;
    }

    private static bool ItemsAreEqual(IReadOnlyList<FieldValue> left, IReadOnlyList<FieldValue> right)
    {
        if (left.Count != right.Count)
            return false;
        for (var i = 0; i < left.Count; i++)
        {
            if (!TypedAreEqual(left[i], right[i]))
                return false;
        }

        return true;
    }

    private static bool TypedAreEqual(FieldValue left, FieldValue right) =>
        ErlangTerm.NameOf(left.Type) == ErlangTerm.NameOf(right.Type) && AreEqual(left, right);
}
