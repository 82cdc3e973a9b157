using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Warren.Jobs;
using Warren.Jobs.Protocol;
using Warren.Messaging;

namespace Warren.Coordinator.Tests;

/// <summary>A worker that speaks the protocol step by step, as a test tells it to.</summary>
internal sealed class WireWorker(IMessageBus bus, string? session = null) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Channel<(AttemptRef Attempt, string Body)> _deliveries = Channel.CreateUnbounded<(AttemptRef, string)>();
    private Subscription? _subscription;

    public string Session { get; } = session ?? Guid.CreateVersion7().ToString();

    /// <summary>The body of the delivery that <see cref="NextAsync"/> returned last.</summary>
    public string LastBody { get; private set; } = "";

    /// <summary>The next attempt that is delivered; it is acknowledged as it comes.</summary>
    public async Task<AttemptRef> NextAsync()
    {
        using var patience = new CancellationTokenSource(Patience, TimeProvider.System);
        var (attempt, body) = await _deliveries.Reader.ReadAsync(patience.Token);
        LastBody = body;
        return attempt;
    }

    public Task<ClaimReply> DescribeAsync(params KindDescription[] kinds) => AskAsync(new()
    {
        Session = Session, Worker = new() { Name = $"wire {Session[..8]}", Slots = 1, Kinds = kinds },
    });

    public async Task ConsumeAsync(string kind, string? lane = null) => _subscription = await bus.ReceiveAsync<ReadOnlyMemory<byte>>(
        WireNames.JobQueue(kind, lane),
        (body, context, _) =>
        {
            var attempt = Convert.ToInt32(context.Headers[WireNames.AttemptHeader], CultureInfo.InvariantCulture);
            _deliveries.Writer.TryWrite((new(JobId.Parse(context.MessageId!), attempt), Encoding.UTF8.GetString(body.Span)));
            return Task.CompletedTask;
        });

    public async Task<Grant> ClaimAsync(JobId job, int attempt = 1) =>
        Assert.Single((await AskAsync(new() { Session = Session, Claim = [new(job, attempt)] })).Claims!);

    public Task<ClaimReply> RenewAsync(params AttemptRef[] attempts) => AskAsync(new() { Session = Session, Renew = attempts });

    public Task<ClaimReply> SayGoodbyeAsync() => AskAsync(new() { Session = Session, Bye = true });

    public Task ReportAsync(params Report[] reports) => bus.SendAsync(
        WireNames.FoldQueue,
        (ReadOnlyMemory<byte>)JsonSerializer.SerializeToUtf8Bytes(new ReportMessage { Session = Session, Reports = reports }, JobJson.Options));

    public async ValueTask DisposeAsync()
    {
        if (_subscription is not null)
            await _subscription.DisposeAsync();
    }

    private async Task<ClaimReply> AskAsync(ClaimMessage message)
    {
        var reply = await bus.RequestAsync<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>(
            WireNames.ClaimQueue, JsonSerializer.SerializeToUtf8Bytes(message, JobJson.Options), Patience);
        return JsonSerializer.Deserialize<ClaimReply>(reply.Span, JobJson.Options)!;
    }
}
