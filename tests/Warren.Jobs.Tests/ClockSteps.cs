using Warren.TestKit;

namespace Warren.Jobs.Tests;

/// <summary>A clock that is moved step by step, where nobody can tell which timer is the next that matters.</summary>
internal static class ClockSteps
{
    /// <summary>Moves it until something has happened.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="roundTrip">What happens between two steps: the same way that those go whose timers are moved, so that time never outruns them.</param>
    /// <param name="happened">Whether it has.</param>
    /// <param name="step">How far at once.</param>
    public static async Task UntilAsync(ManualTimeProvider time, Func<Task> roundTrip, Func<Task<bool>> happened, TimeSpan step)
    {
        for (var looks = 0; !await happened(); looks++)
        {
            Assert.True(looks < 5000, "It did not happen as time went by.");
            time.Advance(step);
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, TestContext.Current.CancellationToken);
            await roundTrip();
        }
    }
}
