namespace Warren.Coordinator;

/// <summary>The store cannot be reached now; it may be in a moment. What was asked has changed nothing, or everything: ask again with the same id or key.</summary>
public sealed class StoreUnavailableException : Exception
{
    internal StoreUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>The store cannot be used as it is, and a person has to look: it is of a later version, in use by another process, or not a store.</summary>
public sealed class StoreRefusedException : Exception
{
    internal StoreRefusedException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
