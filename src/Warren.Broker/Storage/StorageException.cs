namespace Warren.Broker.Storage;

/// <summary>The data directory cannot be used, or what was appended could not be made durable; the message says which and why.</summary>
internal sealed class StorageException(string message, Exception? innerException = null) : Exception(message, innerException);
