using Warren.Server.Security;

namespace Warren.Server.Api;

/// <summary>A route of the API: what it takes, who may use it, and what it answers.</summary>
/// <param name="Method">GET, POST or DELETE.</param>
/// <param name="Pattern">Below the prefix, as in <c>/v1/jobs/{id}</c>.</param>
/// <param name="Summary">What it does, in a few words.</param>
/// <param name="Role">The least role; null lets anybody in.</param>
/// <param name="HandleAsync">Serves a request.</param>
internal sealed record ApiRoute(string Method, string Pattern, string Summary, Role? Role, Func<ApiCall, Task> HandleAsync)
{
    /// <summary>The type of the body, if it has one that is described by a type.</summary>
    public Type? Body { get; init; }

    /// <summary>Whether the body may be any JSON.</summary>
    public bool TakesAnyJson { get; init; }

    /// <summary>Whether a request has to have a body; one that may be left out is an empty object then.</summary>
    public bool MayBeEmpty { get; init; }

    /// <summary>The status of success.</summary>
    public int Status { get; init; } = 200;

    /// <summary>The type of the answer; null if it is not JSON that a type describes.</summary>
    public Type? Answer { get; init; }

    /// <summary>The media type of the answer.</summary>
    public string MediaType { get; init; } = "application/json";

    /// <summary>Names in the query.</summary>
    public IReadOnlyList<string> Query { get; init; } = [];

    /// <summary>Headers that make a difference.</summary>
    public IReadOnlyList<string> Headers { get; init; } = [];

    /// <summary>Whether it changes something.</summary>
    public bool IsWrite => Method != "GET";
}
