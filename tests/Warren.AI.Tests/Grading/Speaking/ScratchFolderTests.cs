using Warren.AI.Grading.Speaking;

namespace Warren.AI.Tests.Grading.Speaking;

public sealed class ScratchFolderTests : IDisposable
{
    private readonly DirectoryInfo _parent = Directory.CreateTempSubdirectory("warren-scratch-");

    public void Dispose() => _parent.Delete(recursive: true);

    [Fact]
    public void It_is_gone_with_all_that_is_in_it_and_nobody_else_may_look_into_it()
    {
        using (var scratch = ScratchFolder.Create(_parent.FullName))
        {
            Directory.CreateDirectory(Path.Combine(scratch.Directory.FullName, "deep", "er"));
            File.WriteAllText(Path.Combine(scratch.Directory.FullName, "deep", "source"), "a voice");

            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, scratch.Directory.UnixFileMode);
        }

        Assert.Empty(_parent.GetFileSystemInfos());
    }

    [Fact]
    public void What_was_left_is_removed_and_what_is_in_use_is_not()
    {
        using var used = ScratchFolder.Create(_parent.FullName);
        var left = _parent.CreateSubdirectory("warren-speech-of-a-killed-process");
        File.WriteAllText(Path.Combine(left.FullName, "lock"), "");
        File.WriteAllText(Path.Combine(left.FullName, "recording.wav"), "a voice");
        var foreign = _parent.CreateSubdirectory("warren-speech-without-a-lock");

        using var next = ScratchFolder.Create(_parent.FullName);

        Assert.Equal(
            new[] { used.Directory.Name, foreign.Name, next.Directory.Name }.Order(StringComparer.Ordinal),
            _parent.GetDirectories().Select(directory => directory.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Many_at_once_leave_each_other_alone()
    {
        await Parallel.ForAsync(0, 200, TestContext.Current.CancellationToken, (number, _) =>
        {
            using var scratch = ScratchFolder.Create(_parent.FullName);
            var file = Path.Combine(scratch.Directory.FullName, "source");
            File.WriteAllText(file, $"{number}");
            Assert.Equal($"{number}", File.ReadAllText(file));
            return ValueTask.CompletedTask;
        });

        Assert.Empty(_parent.GetFileSystemInfos());
    }
}
