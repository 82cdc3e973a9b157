using System.IO.Pipelines;
using Warren.Broker.Connections;
using Warren.Broker.Protocol;

namespace Warren.Broker.Tests.Connections;

public class OutputBufferTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_written_while_a_send_is_under_way_goes_out_after_it()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1));
        var output = new OutputBuffer(pipe.Writer, Frame.MinimumMaxSize, () => { });
        output.WriteHeartbeat();
        var sending = output.FlushAsync();
        output.WriteHeartbeat();

        Assert.False(sending.IsCompleted);
        Assert.Equal(8, await ReadAsync(pipe.Reader));
        Assert.Equal(8, await ReadAsync(pipe.Reader));

        await sending.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Cancellation);
        Assert.Equal(0, output.Waiting);
    }

    // The pipe of a connection that is over must not be written to, whatever was still to go out.
    [Fact]
    public async Task A_send_that_outlives_its_connection_ends_without_touching_the_pipe()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1));
        var output = new OutputBuffer(pipe.Writer, Frame.MinimumMaxSize, () => { });
        output.WriteHeartbeat();
        var sending = output.FlushAsync();
        output.WriteHeartbeat();

        output.Close();
        await pipe.Writer.CompleteAsync();
        Assert.Equal(8, await ReadAsync(pipe.Reader));

        await sending.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Cancellation);
        Assert.Equal(0, output.Waiting);
        output.WriteHeartbeat();
        Assert.Equal(0, output.Waiting);
        Assert.True((await pipe.Reader.ReadAsync(Cancellation)) is { IsCompleted: true, Buffer.IsEmpty: true });
    }

    private static async Task<long> ReadAsync(PipeReader reader)
    {
        var read = await reader.ReadAsync(Cancellation);
        reader.AdvanceTo(read.Buffer.End);
        return read.Buffer.Length;
    }
}
