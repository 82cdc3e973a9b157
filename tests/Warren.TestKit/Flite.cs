using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Warren.TestKit;

/// <summary>Makes recordings of speech with flite, which sounds the same on every machine.</summary>
public static class Flite
{
    /// <summary>Speaks a text into a WAV file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="voice"><c>slt</c>, <c>rms</c>, <c>awb</c> or <c>kal16</c>: these speak at 16 kHz.</param>
    /// <param name="text">The words.</param>
    /// <param name="stretch">How much longer it takes than the voice would: 0.7 is fast, 2 slow.</param>
    public static async Task SpeakAsync(string file, string voice, string text, double stretch = 1)
    {
        string[] arguments = ["-voice", voice, "--setf", string.Create(CultureInfo.InvariantCulture, $"duration_stretch={stretch:0.0###}"), "-t", text, "-o", file];
        using var process = Process.Start(new ProcessStartInfo("flite", arguments) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
        process.StandardInput.Close();
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"flite ended with exit code {process.ExitCode}.");
    }
}
