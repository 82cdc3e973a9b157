using System.Text;
using System.Text.Json;
using Warren.Coordinator.Claims;
using Warren.Coordinator.Folding;
using Warren.Coordinator.Tests.Moves;
using Warren.Jobs;
using Warren.Jobs.Protocol;
using Warren.TestKit;

namespace Warren.Coordinator.Tests;

/// <summary>Messages that anybody may have written, on the queues of workers.</summary>
public class HostileMessagesTests
{
    private const string Job = "01a20411-6f92-7cc0-8c22-d4223ed08996";

    public static TheoryData<string> Reports =>
    [
        "null", "[]", "{", "", """{"session":"s"}""", """{"session":"s","reports":null}""", """{"session":null,"reports":[]}""", """{"session":"s","reports":[null]}""",
        """{"session":"s","reports":[{"job":"JOB","attempt":1,"seq":1}]}""", """{"session":"s","reports":[{"type":"gone","job":"JOB","attempt":1,"seq":1}]}""",
        """{"session":"s","reports":[{"type":"usage","job":"JOB","attempt":1,"seq":1,"usage":null}]}""",
        """{"session":"s","reports":[{"type":"usage","job":"JOB","attempt":1,"seq":1,"usage":{"input_tokens":-1,"output_tokens":1}}]}""",
        """{"session":"s","reports":[{"type":"failed","job":"JOB","attempt":1,"seq":1,"code":null,"message":"m"}]}""",
        """{"session":"s","reports":[{"type":"failed","job":"JOB","attempt":1,"seq":1,"code":"c","message":null}]}""",
        """{"session":"s","reports":[{"type":"started","job":"JOB","attempt":1,"seq":0}]}""", """{"session":"s","reports":[{"type":"started","job":null,"attempt":1,"seq":1}]}""",
    ];

    public static TheoryData<string> Claims =>
    [
        "null", "[]", """{"session":null}""", """{"session":" "}""", """{"session":"s","claim":[null]}""", """{"session":"s","worker":{"name":null}}""",
        """{"session":"s","worker":{"name":"w","kinds":null}}""", """{"session":"s","worker":{"name":"w","kinds":[null]}}""",
        """{"session":"s","worker":{"name":"w","kinds":[{"kind":null}]}}""", """{"session":"s","worker":{"name":"w","kinds":[{"kind":"a","lanes":[null]}]}}""",
    ];

    [Theory]
    [MemberData(nameof(Reports))]
    public void Reports_that_lack_what_they_need_are_refused_before_they_meet_others(string body) =>
        Assert.Throws<JsonException>(() => ReportFolder.Read(Encoding.UTF8.GetBytes(body.Replace("JOB", Job, StringComparison.Ordinal))));

    [Theory]
    [MemberData(nameof(Claims))]
    public void Claims_that_lack_what_they_need_are_refused_before_they_meet_others(string body) =>
        Assert.Throws<JsonException>(() => ClaimDesk.Read(Encoding.UTF8.GetBytes(body)));

    [Fact]
    public async Task Jobs_go_on_among_hostile_claims_and_reports()
    {
        await using var house = await CoordinatorHouse.StartAsync();
        var worker = house.NewWorker();
        await worker.ConsumeAsync("text.stats");
        var hostile = Task.WhenAll(Enumerable.Range(0, 20).SelectMany(_ =>
            Reports.Select(body => house.Bus.SendAsync(WireNames.FoldQueue, Bytes(body.Data)))
                .Concat(Claims.Select(body => house.Bus.SendAsync(WireNames.ClaimQueue, Bytes(body.Data))))));

        var jobs = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => house.SubmitAsync()));
        for (var i = 0; i < jobs.Length; i++)
        {
            var attempt = await worker.NextAsync();
            Assert.Equal(GrantAnswer.Granted, (await worker.ClaimAsync(attempt.Job)).Answer);
            await worker.ReportAsync(JobLedger.Success(attempt.Job, 1));
        }

        foreach (var job in jobs)
            await house.UntilAsync(job.Id, JobState.Succeeded);
        await hostile;
        // All of them are kept for people to look at, none came back on the retry ladder.
        await Eventually.ThatAsync(
            async () => (await house.Bus.Queues.InfoAsync($"{WireNames.FoldQueue}.dead")).MessageCount == 20 * Reports.Count, "the reports are dead letters");
        await Eventually.ThatAsync(
            async () => (await house.Bus.Queues.InfoAsync($"{WireNames.ClaimQueue}.dead")).MessageCount == 20 * Claims.Count, "the claims are dead letters");
    }

    private static ReadOnlyMemory<byte> Bytes(string body) => Encoding.UTF8.GetBytes(body.Replace("JOB", Job, StringComparison.Ordinal));
}
