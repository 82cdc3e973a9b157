// Owns the users: announces each new one as an event, and answers who asks for a profile.
using System.Collections.Concurrent;
using Warren.Messaging;

var builder = WebApplication.CreateSlimBuilder(args);
builder.Services.AddSingleton<Users>();
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddHealthChecks().AddWarrenMessaging();
builder.Services.AddWarrenMessaging().Respond<GetProfile, Profile, ProfileHandler>("user.profile.get");

var app = builder.Build();
app.MapHealthChecks("/health");

// The response comes after the broker has confirmed the event: whoever got a 201 may rely on the other services hearing of it.
app.MapPost("/users", async (NewUser user, Users users, IMessageBus bus, TimeProvider time, CancellationToken cancellationToken) =>
{
    var profile = users.Add(user);
    await bus.PublishAsync(
        "user.events", "user.created", new UserCreated(profile.UserId, profile.Username, user.Email, time.GetUtcNow()), cancellationToken: cancellationToken);
    return Results.Created($"/users/{profile.UserId}", profile);
});
app.MapGet("/users/{id:int}", (int id, Users users) => users.Find(id) is { } profile ? Results.Ok(profile) : Results.NotFound());

app.Run();

internal sealed record NewUser(string Username, string Email, string? Language);

internal sealed record UserCreated(int UserId, string Username, string Email, DateTimeOffset Timestamp);

internal sealed record GetProfile(int UserId);

internal sealed record Profile(int UserId, string Username, string? Language);

/// <summary>Answers <c>user.profile.get</c>; who is unknown is an error that the caller sees.</summary>
internal sealed class ProfileHandler(Users users) : IRequestHandler<GetProfile, Profile>
{
    public Task<Profile> HandleAsync(GetProfile request, MessageContext context, CancellationToken cancellationToken) =>
        Task.FromResult(users.Find(request.UserId) ?? throw new KeyNotFoundException($"There is no user {request.UserId}."));
}

/// <summary>The users, in memory.</summary>
internal sealed class Users
{
    private readonly ConcurrentDictionary<int, Profile> _profiles = new();
    private int _lastId;

    public Profile Add(NewUser user)
    {
        var profile = new Profile(Interlocked.Increment(ref _lastId), user.Username, user.Language);
        return _profiles[profile.UserId] = profile;
    }

    public Profile? Find(int id) => _profiles.GetValueOrDefault(id);
}
