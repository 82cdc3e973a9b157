using Warren.Coordinator.Storage;

namespace Warren.Coordinator.Tests.Storage;

public abstract partial class JobStoreSuite
{
    [Fact]
    public async Task Kinds_are_remembered_as_they_were_described_last()
    {
        await Store.SaveKindsAsync([], Cancel);
        await Store.SaveKindsAsync([new("b", "1", NewJobs.Noon), new("a", "1", NewJobs.Noon)], Cancel);
        await Store.SaveKindsAsync([new("b", "2", NewJobs.Noon.AddSeconds(1)), new("a", "old", NewJobs.Noon.AddSeconds(-1))], Cancel);

        Assert.Equal([new("a", "1", NewJobs.Noon), new KindRecord("b", "2", NewJobs.Noon.AddSeconds(1))], await Store.ListKindsAsync(Cancel));
    }

    [Fact]
    public async Task Many_describe_the_same_kinds_at_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 16).Select(round => Task.Run(
            () => Store.SaveKindsAsync([.. Enumerable.Range(0, 10).OrderBy(_ => Random.Shared.Next()).Select(kind => new KindRecord($"k{kind}", $"{round}", NewJobs.Noon.AddSeconds(round)))], Cancel),
            Cancel)));

        Assert.All(await Store.ListKindsAsync(Cancel), kind => Assert.Equal("15", kind.Description));
    }

    [Fact]
    public async Task A_kind_named_twice_in_one_call_is_written_once()
    {
        await Store.SaveKindsAsync([new("a", "late", NewJobs.Noon.AddSeconds(1)), new("a", "early", NewJobs.Noon)], Cancel);

        Assert.Equal("late", Assert.Single(await Store.ListKindsAsync(Cancel)).Description);
    }

    [Fact]
    public async Task A_note_is_read_as_it_was_written_last()
    {
        Assert.Null(await Store.ReadNoteAsync("n", Cancel));
        await Store.WriteNoteAsync("n", "1", Cancel);
        await Store.WriteNoteAsync("n", "two\0", Cancel);

        Assert.Equal("two\0", await Store.ReadNoteAsync("n", Cancel));
    }

    [Fact]
    public async Task A_keys_name_is_free_again_once_it_was_revoked()
    {
        var key = new KeyRecord("k1", "ci", "submitter", new byte[] { 1, 0, 255 }, NewJobs.Noon, null);
        Assert.True(await Store.AddKeyAsync(key, Cancel));
        Assert.False(await Store.AddKeyAsync(key with { Id = "k2" }, Cancel));
        Assert.False(await Store.RevokeKeyAsync("nobody", NewJobs.Noon, Cancel));
        Assert.True(await Store.RevokeKeyAsync("ci", NewJobs.Noon.AddMinutes(1), Cancel));
        Assert.False(await Store.RevokeKeyAsync("ci", NewJobs.Noon.AddMinutes(2), Cancel));
        Assert.True(await Store.AddKeyAsync(key with { Id = "k2", CreatedAt = NewJobs.Noon.AddSeconds(1) }, Cancel));
        Assert.True(await Store.RevokeKeyAsync("k2", NewJobs.Noon.AddMinutes(3), Cancel));

        var keys = await Store.ListKeysAsync(Cancel);
        Assert.Equal(
            [("k1", "ci", "submitter", NewJobs.Noon.AddMinutes(1)), ("k2", "ci", "submitter", NewJobs.Noon.AddMinutes(3))],
            keys.Select(one => (one.Id, one.Name, one.Role, one.RevokedAt!.Value)));
        Assert.Equal([1, 0, 255], keys[0].Hash.ToArray());
    }

    [Fact]
    public async Task Of_an_id_and_a_name_that_are_the_same_the_id_is_revoked()
    {
        await Store.AddKeyAsync(new("x", "first", "viewer", new byte[1], NewJobs.Noon, null), Cancel);
        await Store.AddKeyAsync(new("y", "x", "viewer", new byte[1], NewJobs.Noon, null), Cancel);

        Assert.True(await Store.RevokeKeyAsync("x", NewJobs.Noon, Cancel));
        Assert.Equal(["x"], (await Store.ListKeysAsync(Cancel)).Where(key => key.RevokedAt is not null).Select(key => key.Id));
    }

    [Fact]
    public async Task The_audit_lists_the_latest_first()
    {
        var entries = Enumerable.Range(0, 5).Select(number => new AuditRecord(NewJobs.Noon.AddSeconds(-number), "ann", "job.cancel", $"j{number}", number == 0 ? null : "d\0")).ToList();
        foreach (var entry in entries)
            await Store.WriteAuditAsync(entry, Cancel);

        Assert.Equal([entries[4], entries[3], entries[2]], await Store.ListAuditAsync(3, Cancel));
        Assert.Equal(5, (await Store.ListAuditAsync(100, Cancel)).Count);
    }
}
