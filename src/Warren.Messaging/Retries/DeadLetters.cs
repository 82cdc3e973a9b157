namespace Warren.Messaging.Retries;

/// <summary>Messages that were given up, in the queue <c>&lt;queue&gt;.dead</c>: list, read, replay, purge.</summary>
public sealed class DeadLetters
{
    internal DeadLetters()
    {
    }
}
