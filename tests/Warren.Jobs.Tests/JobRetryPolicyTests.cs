namespace Warren.Jobs.Tests;

public sealed class JobRetryPolicyTests
{
    [Fact]
    public void The_pause_doubles_up_to_the_longest()
    {
        var policy = new JobRetryPolicy { FirstDelay = TimeSpan.FromSeconds(1), MaxDelay = TimeSpan.FromSeconds(5) };

        Assert.Equal([1, 2, 4, 5, 5], Enumerable.Range(1, 5).Select(retry => policy.Delay(retry, asked: null, random: 0).TotalSeconds));
    }

    [Fact]
    public void What_a_service_asked_for_counts_if_it_is_longer()
    {
        var policy = new JobRetryPolicy { FirstDelay = TimeSpan.FromSeconds(10) };

        Assert.Equal(TimeSpan.FromSeconds(60), policy.Delay(1, TimeSpan.FromSeconds(60), random: 0));
        Assert.Equal(TimeSpan.FromSeconds(10), policy.Delay(1, TimeSpan.FromSeconds(2), random: 0));
    }

    [Fact]
    public void There_are_as_many_attempts_as_retries_of_all_causes_and_one() =>
        Assert.Equal(1 + 3 + 1 + 3 + 20, JobRetryPolicy.Default.MaxAttempts);

    [Fact]
    public void Retries_without_end_are_no_negative_number_of_attempts() =>
        Assert.Equal(int.MaxValue, new JobRetryPolicy { Error = int.MaxValue, Crash = int.MaxValue }.MaxAttempts);
}
