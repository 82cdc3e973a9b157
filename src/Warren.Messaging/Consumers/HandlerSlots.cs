namespace Warren.Messaging.Consumers;

/// <summary>
/// How many handlers of a consumer may run at once, over all its lives: a handler that outlives its channel keeps its slot.
/// </summary>
/// <param name="limit">How many.</param>
/// <param name="freed">Called when a slot is given back, so that the present life can use it.</param>
internal sealed class HandlerSlots(int limit, Action freed)
{
    private int _taken;

    /// <summary>Takes a slot if one is free.</summary>
    public bool TryTake()
    {
        while (true)
        {
            var taken = Volatile.Read(ref _taken);
            if (taken >= limit)
                return false;
            if (Interlocked.CompareExchange(ref _taken, taken + 1, taken) == taken)
                return true;
        }
    }

    /// <summary>Gives a slot back.</summary>
    public void GiveBack()
    {
        Interlocked.Decrement(ref _taken);
        freed();
    }
}
