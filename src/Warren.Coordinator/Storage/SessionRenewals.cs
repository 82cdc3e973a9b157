namespace Warren.Coordinator.Storage;

/// <summary>Renewals of sessions as they are written: one of each, in an order in which no two writers wait for each other.</summary>
internal static class SessionRenewals
{
    /// <summary>Of several renewals of a session the last, with the latest description there is.</summary>
    public static IReadOnlyList<SessionRenewal> PerSession(IReadOnlyList<SessionRenewal> renewals) =>
    [
        .. renewals
            .GroupBy(renewal => renewal.Session, StringComparer.Ordinal)
            .Select(same => same.Last() with { Description = same.LastOrDefault(renewal => renewal.Description is not null)?.Description })
            .OrderBy(renewal => renewal.Session, StringComparer.Ordinal),
    ];
}
