using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Warren.Jobs.Hosting;
using Warren.Jobs.Tests.Worker;

namespace Warren.Jobs.Tests.Hosting;

public sealed class WorkerSettingsTests
{
    [Fact]
    public void Configuration_of_a_kind_wins_over_code()
    {
        using var host = WorkerHost.Build(
            "amqp://localhost/",
            w => w.Handle(SampleKinds.Count, o => o.Concurrency = 2, (_, _, _) => Task.FromResult(new Count(0))),
            settings:
            [
                "Warren:Kinds:text_count:Concurrency=8", "Warren:Kinds:text_count:AttemptTimeout=00:05:00", "Warren:Kinds:text_count:Retention=2.00:00:00",
                "Warren:Kinds:text_count:Retry=9", "Warren:Kinds:text_count:Lanes=fast, slow", "Warren:Worker:Kinds=text.count", "Warren:Worker:Slots=3",
                "Warren:Worker:Coordination=None",
            ]);

        var worker = host.Services.GetRequiredService<IOptions<WorkerOptions>>().Value;
        var kind = host.Services.GetRequiredService<JobRegistration>().Options;

        Assert.Equal((WorkerCoordination.None, 3, "text.count"), (worker.Coordination, worker.Slots, worker.Kinds.Single()));
        Assert.Equal((8, TimeSpan.FromMinutes(5), TimeSpan.FromDays(2)), (kind.Concurrency, kind.AttemptTimeout, kind.Retention));
        Assert.Equal((9, 1), (kind.Retry.Error, kind.Retry.Timeout));
        Assert.Equal(["fast", "slow"], kind.Lanes.Keys.Order());
    }

    [Fact]
    public void Each_retry_of_a_kind_can_be_set()
    {
        using var host = WorkerHost.Build(
            "amqp://localhost/", w => w.Handle(SampleKinds.Count, (_, _, _) => Task.FromResult(new Count(0))),
            settings: ["Warren:Kinds:text_count:Retry:Crash=0", "Warren:Kinds:text_count:Retry:FirstDelay=00:00:10"]);

        Assert.NotNull(host.Services.GetRequiredService<IOptions<WorkerOptions>>().Value);
        var retry = host.Services.GetRequiredService<JobRegistration>().Options.Retry;

        Assert.Equal((3, 0, TimeSpan.FromSeconds(10)), (retry.Error, retry.Crash, retry.FirstDelay));
    }

    [Theory]
    [InlineData("Warren:Worker:Coordination=sometimes", "Warren:Worker:Coordination is 'sometimes'; Required or None was expected.")]
    [InlineData("Warren:Worker:Coordination=1", "Warren:Worker:Coordination is '1'; Required or None was expected.")]
    [InlineData("Warren:Worker:Slot=3", "Warren:Worker:Slot is not a setting. Was Warren:Worker:Slots meant?")]
    [InlineData("Warren:Worker:Slots=0", "Warren:Worker: The field Slots must be between 1 and 100000.")]
    [InlineData("Warren:Worker:Slots=many", "Warren:Worker:Slots is 'many'; a whole number was expected.")]
    [InlineData("Warren:Worker:AckAfter=5", "Warren:Worker:AckAfter is '5'; a time was expected, as in 00:05:00 for five minutes.")]
    [InlineData("Warren:Worker:Kinds=text.coutn", "Warren:Worker:Kinds names 'text.coutn', which has no handler here; expected of text.count.")]
    [InlineData("Warren:Kinds:text_count:Concurrency=-1", "Warren:Kinds:text_count:Concurrency is '-1'; a whole number was expected.")]
    [InlineData("Warren:Kinds:text_count:Concurrency=0", "Warren:Kinds:text_count: The field Concurrency must be between 1 and 10000.")]
    [InlineData("Warren:Kinds:text_count:AttemptTimeout=-00:00:01", "Warren:Kinds:text_count:AttemptTimeout is -00:00:01; a positive time was expected.")]
    [InlineData("Warren:Kinds:text_count:Lanes=Big", "Warren:Kinds:text_count:Lanes names 'Big'; lower-case letters, digits and '-' were expected.")]
    [InlineData("Warren:Kinds:text_count:Retry=often", "Warren:Kinds:text_count:Retry is 'often'; a whole number was expected.")]
    public void A_setting_that_cannot_be_used_is_told_with_what_was_expected(string setting, string message)
    {
        using var host = WorkerHost.Build("amqp://localhost/", w => w.Handle(SampleKinds.Count, (_, _, _) => Task.FromResult(new Count(0))), settings: setting);

        var error = Assert.Throws<OptionsValidationException>(() => host.Services.GetRequiredService<IOptions<WorkerOptions>>().Value);

        Assert.Contains(message, error.Failures);
    }

    [Fact]
    public void A_kind_has_one_handler()
    {
        using var host = WorkerHost.Build("amqp://localhost/", w => w
            .Handle(SampleKinds.Count, (_, _, _) => Task.FromResult(new Count(0)))
            .Handle(SampleKinds.Count, (_, _, _) => Task.FromResult(new Count(0))));

        var error = Assert.Throws<OptionsValidationException>(() => host.Services.GetRequiredService<IOptions<WorkerOptions>>().Value);

        Assert.Contains("The kind text.count has 2 handlers; expected one.", error.Failures);
    }
}
