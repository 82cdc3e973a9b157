// Hears of new users through a queue of its own, and asks the user service for a profile when two of them are matched.
using System.Collections.Concurrent;
using Warren.Messaging;

var builder = WebApplication.CreateSlimBuilder(args);
builder.Services.AddSingleton<Candidates>();
builder.Services.AddHealthChecks().AddWarrenMessaging();
builder.Services.AddWarrenMessaging()
    .Subscribe<UserCreated, CandidateHandler>(queue: "matching.user_events", exchange: "user.events", bindingKey: "user.created");

var app = builder.Build();
app.MapHealthChecks("/health");
app.MapGet("/candidates", (Candidates candidates) => candidates.All);

app.MapPost("/matches", async (NewMatch match, Candidates candidates, IMessageBus bus, CancellationToken cancellationToken) =>
{
    if (candidates.All.Except([match.UserId]).FirstOrDefault() is not (> 0 and var partner))
        return Results.Conflict("Nobody else is there yet.");
    try
    {
        var profile = await bus.RequestAsync<GetProfile, Profile>("user.profile.get", new(partner), TimeSpan.FromSeconds(5), cancellationToken);
        return Results.Ok(new Match(Guid.NewGuid().ToString("n"), profile));
    }
    catch (RequestFailedException error) when (error.Reason is RequestFailureReason.TimedOut or RequestFailureReason.Unroutable)
    {
        return Results.Problem(error.Message, statusCode: StatusCodes.Status503ServiceUnavailable);
    }
    catch (RequestFailedException error) when (error.Reason is RequestFailureReason.RemoteError)
    {
        return Results.NotFound(error.Message);
    }
});

app.Run();

internal sealed record UserCreated(int UserId, string Username);

internal sealed record GetProfile(int UserId);

internal sealed record Profile(int UserId, string Username, string? Language);

internal sealed record NewMatch(int UserId);

internal sealed record Match(string SessionId, Profile Partner);

/// <summary>Notes a new user. An event may come twice, after a crash in between, and that changes nothing.</summary>
internal sealed class CandidateHandler(Candidates candidates) : IMessageHandler<UserCreated>
{
    public Task HandleAsync(UserCreated message, MessageContext context, CancellationToken cancellationToken)
    {
        candidates.Add(message.UserId);
        return Task.CompletedTask;
    }
}

/// <summary>Who may be matched, in memory.</summary>
internal sealed class Candidates
{
    private readonly ConcurrentDictionary<int, byte> _ids = new();

    public IReadOnlyList<int> All => [.. _ids.Keys.Order()];

    public void Add(int userId) => _ids[userId] = 0;
}
