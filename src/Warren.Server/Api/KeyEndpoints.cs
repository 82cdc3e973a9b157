using System.Text;
using Microsoft.AspNetCore.Http;
using Warren.Coordinator.Storage;
using Warren.Server.Security;

namespace Warren.Server.Api;

/// <summary>API keys, and who changed what.</summary>
internal static class KeyEndpoints
{
    /// <summary>The routes.</summary>
    public static IReadOnlyList<ApiRoute> Routes { get; } =
    [
        new("GET", "/v1/keys", "The API keys, without the keys themselves.", Role.Admin, ListAsync) { Answer = typeof(KeyList) },
        new("POST", "/v1/keys", "Make an API key. It is shown in this answer and never again.", Role.Admin, CreateAsync)
        {
            Body = typeof(KeyRequest), Status = 201, Answer = typeof(NewKey),
        },
        new("DELETE", "/v1/keys/{key}", "Revoke an API key by id or name.", Role.Admin, RevokeAsync) { Answer = typeof(RevokedKey) },
        new("GET", "/v1/audit", "Who changed what, latest first.", Role.Admin, AuditAsync) { Answer = typeof(AuditList), Query = ["limit"] },
    ];

    private static async Task ListAsync(ApiCall call)
    {
        call.Expect();
        await call.AnswerAsync(new KeyList([.. (await call.Services.Keys.ListAsync(call.Aborted)).Select(View)]));
    }

    private static async Task CreateAsync(ApiCall call)
    {
        call.Expect();
        var request = await call.ReadAsync<KeyRequest>();
        var name = request.Name ?? "";
        var bytes = Encoding.UTF8.GetByteCount(name);
        if (bytes is 0 or > 100 || name.Any(char.IsControl) || name.Trim() != name || name == "settings")
            throw new ProblemException("invalid_request", $"The name has {bytes} bytes, is 'settings', or has a control character or a space at its ends; 1 to 100 bytes without those were expected.", "/name");
        if (!Roles.TryParse(request.Role, out var role))
            throw new ProblemException("invalid_request", $"role is '{request.Role}'; one of {Roles.All} was expected.", "/role");
        await call.AuditAsync("key.create", name, request.Role);
        var (record, text) = await call.Services.Keys.CreateAsync(name, role, call.Aborted)
            ?? throw new ProblemException("key_name_taken", $"There is a key '{name}'. Revoke it first, or choose another name.", "/name");
        call.Http.Response.Headers.Location = $"{call.Root}/v1/keys/{record.Id}";
        await call.AnswerAsync(new NewKey(record.Id, record.Name, record.Role, text, record.CreatedAt), StatusCodes.Status201Created);
    }

    private static async Task RevokeAsync(ApiCall call)
    {
        call.Expect();
        var key = call.Value("key");
        if ((await call.Services.Keys.ListAsync(call.Aborted)).FirstOrDefault(known => known.RevokedAt is null && (known.Id == key || known.Name == key)) is not { } record)
            throw new ProblemException("key_not_found", $"There is no valid key '{key}'.");
        await call.AuditAsync("key.revoke", record.Name, record.Id);
        if (!await call.Services.Keys.RevokeAsync(record.Id, call.Aborted))
            throw new ProblemException("key_not_found", $"There is no valid key '{key}'.");
        await call.AnswerAsync(new RevokedKey(record.Id, record.Name));
    }

    private static async Task AuditAsync(ApiCall call)
    {
        call.Expect("limit");
        var entries = await call.Services.Coordinator.Store.ListAuditAsync(call.Number("limit", 100, 1, 1000), call.Aborted);
        await call.AnswerAsync(new AuditList(entries));
    }

    private static KeyView View(KeyRecord key) => new(key.Id, key.Name, key.Role, key.CreatedAt, key.RevokedAt);
}

/// <summary>API keys.</summary>
internal sealed record KeyList(IReadOnlyList<KeyView> Keys);

/// <summary>An API key.</summary>
/// <param name="Id">Its id, which is also in its text.</param>
/// <param name="Name">What it was called.</param>
/// <param name="Role">What it may do.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="RevokedAt">When it was revoked, if it was.</param>
internal sealed record KeyView(string Id, string Name, string Role, DateTimeOffset CreatedAt, DateTimeOffset? RevokedAt);

/// <summary>A key to be made.</summary>
/// <param name="Name">What it is called, for people and the audit.</param>
/// <param name="Role">What it may do.</param>
internal sealed record KeyRequest(string? Name, string? Role);

/// <summary>A key that was made.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">What it is called.</param>
/// <param name="Role">What it may do.</param>
/// <param name="Key">The key.</param>
/// <param name="CreatedAt">When it was made.</param>
internal sealed record NewKey(string Id, string Name, string Role, string Key, DateTimeOffset CreatedAt);

/// <summary>A key that was revoked.</summary>
internal sealed record RevokedKey(string Id, string Name);

/// <summary>Changes.</summary>
internal sealed record AuditList(IReadOnlyList<AuditRecord> Entries);
