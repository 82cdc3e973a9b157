using System.Diagnostics;
using System.Globalization;
using Warren.TestKit;

namespace Warren.Broker.Tests.Processes;

/// <summary>
/// A disk of some megabytes, in a mount namespace of its own: a test can fill it, no other process sees it, and it is gone with
/// the process that holds it. Needs no root where Linux lets users have namespaces.
/// </summary>
internal sealed class TinyDisk : IAsyncDisposable
{
    private const string Filler = "filler";

    private readonly Process _holder;

    private TinyDisk(Process holder, string directory)
    {
        _holder = holder;
        Directory = directory;
    }

    /// <summary>Where it is, for those behind <see cref="Wrapper"/>.</summary>
    public string Directory { get; }

    /// <summary>What a program is started with to see the disk.</summary>
    public string[] Wrapper =>
        ["nsenter", "--target", _holder.Id.ToString(CultureInfo.InvariantCulture), "--user", "--preserve-credentials", "--mount"];

    // The same directory, as this process sees it.
    private string Outside => $"/proc/{_holder.Id}/root{Directory}";

    /// <summary>Makes a disk; where the system does not allow it the test is skipped, or fails on CI.</summary>
    public static async Task<TinyDisk> MakeAsync(int megabytes)
    {
        if (!OperatingSystem.IsLinux())
            Services.Missing("A tiny disk is made with Linux's namespaces.");
        var directory = System.IO.Directory.CreateTempSubdirectory("warren-disk-").FullName;
        var start = new ProcessStartInfo(
            "unshare",
            [
                "--mount", "--map-root-user", "sh", "-c", "mount -t tmpfs -o size=$0m warren \"$1\" && echo mounted && exec cat",
                megabytes.ToString(CultureInfo.InvariantCulture), directory,
            ])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var holder = Process.Start(start)!;
        if (await holder.StandardOutput.ReadLineAsync() != "mounted")
        {
            var reason = await holder.StandardError.ReadToEndAsync();
            await holder.WaitForExitAsync();
            holder.Dispose();
            System.IO.Directory.Delete(directory);
            Services.Missing($"A small tmpfs could not be mounted: {reason}");
        }

        return new(holder, directory);
    }

    /// <summary>Takes all the room there is, but for some.</summary>
    public void Fill(int leaveMegabytes = 0)
    {
        var room = new byte[1 << 20];
        using var file = File.OpenHandle(Path.Combine(Outside, Filler), FileMode.Append, FileAccess.Write);
        var length = RandomAccess.GetLength(file);
        var size = room.Length;
        while (size > 0)
        {
            if (leaveMegabytes > 0 && new DriveInfo(Outside).AvailableFreeSpace <= (long)leaveMegabytes << 20)
                return;
            try
            {
                RandomAccess.Write(file, room.AsSpan(0, size), length);
                length += size;
            }
            catch (IOException)
            {
                // Down to the last page.
                size /= 2;
                length = RandomAccess.GetLength(file);
            }
        }
    }

    /// <summary>Gives the room back.</summary>
    public void Free() => File.Delete(Path.Combine(Outside, Filler));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _holder.Kill();
        await _holder.WaitForExitAsync();
        _holder.Dispose();
        System.IO.Directory.Delete(Directory);
    }
}
