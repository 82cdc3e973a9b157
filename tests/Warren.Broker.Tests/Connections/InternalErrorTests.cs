using System.IO.Pipelines;
using Warren.Broker.Connections;
using Warren.Broker.Storage;
using Warren.Broker.Tests.Storage;
using Warren.Broker.Tests.Suite;

namespace Warren.Broker.Tests.Connections;

/// <summary>What goes wrong inside the broker ends what met it, in words, and nothing else.</summary>
public sealed class InternalErrorTests : IDisposable
{
    private readonly LogDirectory _directory = new();
    private readonly FaultyDisk _disk = new();
    private readonly LogLines _log = new();

    [Fact]
    public async Task A_command_that_meets_an_error_of_the_broker_ends_its_connection_with_541_and_no_other()
    {
        await using var broker = await EmbeddedBroker.StartAsync(
            new() { Data = _directory.Path, OpenFile = _disk.Open, LoggerFactory = _log }, TestContext.Current.CancellationToken);
        await using var other = await OpenAsync(broker);
        await using var client = await OpenAsync(broker);
        await client.CallAsync(1, "queue.declare", ("queue", "own"), ("exclusive", true));
        _disk.OnFlush = _ => new IOException("The disk is gone.");

        await client.SendAsync(1, "queue.declare", ("queue", "q"), ("durable", true));

        await client.ExpectConnectionCloseAsync(541, "INTERNAL_ERROR", null);
        _disk.OnFlush = _ => null;
        Assert.Contains(_log.Items, line => line.StartsWith("Error: Connection of", StringComparison.Ordinal));
        await other.CallAsync(1, "queue.declare", ("queue", "own"), ("durable", true));
    }

    [Fact]
    public async Task A_log_that_failed_at_its_end_is_waited_for_no_more()
    {
        var engine = Engine.Open(new() { Data = _directory.Path });
        var host = engine.FindHost("/")!;
        await engine.DisposeAsync();

        // It answers each question with the same failure, which must not be another question.
        host.Failed(long.MaxValue, new StorageException("The log was closed before it could be written."));
        Assert.Equal(0, host.AppendedLsn - engine.Store!.DurableLsn);
    }

    [Fact]
    public async Task What_fails_in_the_background_is_logged_and_thrown_at_nobody()
    {
        await using var engine = Engine.Open(new() { LoggerFactory = _log });
        var host = engine.FindHost("/")!;

        host.RunAlone(() => throw new InvalidOperationException("It broke."));

        Assert.Equal("Error: Virtual host '/': work in the background failed", _log.Items[^1]);
        Assert.Equal(1, host.Read(() => 1));
    }

    [Fact]
    public void Nothing_is_confirmed_once_the_channel_is_said_to_be_over()
    {
        var pipe = new Pipe();
        var output = new OutputBuffer(pipe.Writer, 4096, drained: () => { });
        var confirms = new Confirms(1, output, new());
        confirms.Add(lsn: 5, refused: false);
        confirms.Add(lsn: 6, refused: true);

        confirms.End();
        confirms.Add(lsn: 7, refused: false);

        Assert.False(confirms.Settle(durableLsn: 10));
        Assert.False(confirms.Fail(failedLsn: 10));
        Assert.Equal((0, 0L), (confirms.Count, output.Written));
    }

    public void Dispose()
    {
        _log.Dispose();
        _disk.Dispose();
        _directory.Dispose();
    }

    private static async Task<RawAmqpClient> OpenAsync(EmbeddedBroker broker)
    {
        var client = await RawAmqpClient.OpenAsync(broker.Url + "%2F");
        await client.OpenChannelAsync(1);
        return client;
    }
}
