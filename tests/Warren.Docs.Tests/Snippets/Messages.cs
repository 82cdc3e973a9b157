using Warren.Messaging;

namespace Warren.Docs.Tests.Snippets;

#pragma warning disable IDE0055 // Set as the documents have it.
// <snippet:messages>
public sealed record UserCreated(int UserId, string Username);
public sealed record GetProfile(int UserId);
public sealed record Profile(int UserId, string Username);
public sealed record CodeUpdated(string SessionId, int UserId, string CodeDelta);
public sealed record MakeThumbnail(string Picture);
// </snippet>

// <snippet:handler>
public sealed class WelcomeNewUser(Db db) : IMessageHandler<UserCreated>
{ public Task HandleAsync(UserCreated user, MessageContext context, CancellationToken cancellationToken) => db.WelcomeAsync(user, cancellationToken); }
// </snippet>
#pragma warning restore IDE0055

/// <summary>What the handler class of the documents depends on.</summary>
public sealed class Db(Action<UserCreated> welcome)
{
    public Task WelcomeAsync(UserCreated user, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        welcome(user);
        return Task.CompletedTask;
    }
}
