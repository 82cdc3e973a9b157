namespace Warren.Interop.Tests.Bus;

/// <summary>A user was created: <c>{"user_id": …, "username": …}</c>.</summary>
public sealed record UserCreated(int UserId, string Username);

/// <summary>Asks for a user's profile.</summary>
public sealed record GetProfile(int UserId);

/// <summary>A user's profile.</summary>
public sealed record Profile(int UserId, string Username);

/// <summary>Someone changed the code of a session.</summary>
public sealed record CodeUpdated(string SessionId, string CodeDelta);
