using Warren.TestKit;

namespace Warren.Samples.Tests.Grading;

/// <summary>Backends that know nothing of Warren have their recordings graded, on the embedded broker.</summary>
[Trait("Category", "Service")]
public class RecordingBackendTests() : RecordingBackendSuite(RestartedBroker.Embedded)
{
    [Fact]
    public async Task What_cannot_be_graded_comes_back_failed_with_its_reason()
    {
        await RecordingServer.RequireSpeechAsync();
        await using var recordings = await RecordingServer.StartAsync(Token);
        await using var elsewhere = await RecordingServer.StartAsync(Token);
        recordings.Serve("/page.wav", "<html>You have to log in first.</html>"u8.ToArray());
        recordings.Serve("/cut.wav", "RIFF\0\0\0\0WAVEfmt "u8.ToArray());
        await using var broker = await EmbeddedBrokerProcess.StartAsync(Token);
        await using var system = await GradingSystem.StartAsync(broker, [], Token);
        await using var backend = await BackendProgram.StartAsync("amqplib", broker.Url, Token);
        try
        {
            // The first recording is longer than that, the second is not.
            system.StartWorker(("Warren__Grading__AudioHosts__0", recordings.Host), ("Warren__Grading__MaxAudioLength", "00:00:07"));
            var refused = await backend.SubmitAsync(elsewhere.Answer(1), Token);
            var gone = await backend.SubmitAsync(recordings.Answer("/gone.wav"), Token);
            var page = await backend.SubmitAsync(recordings.Answer("/page.wav"), Token);
            var cut = await backend.SubmitAsync(recordings.Answer("/cut.wav"), Token);
            var tooLong = await backend.SubmitAsync(recordings.Answer(0), Token);
            var good = await backend.SubmitAsync(recordings.Answer(1), Token);

            BackendProgram.IsFailed(await backend.EndAsync(refused, Token), $"audio_refused: 127.0.0.1, port {new Uri($"http://{elsewhere.Host}").Port}, is not in Warren:Grading:AudioHosts");
            BackendProgram.IsFailed(await backend.EndAsync(gone, Token), "audio_not_found: ");
            BackendProgram.IsFailed(await backend.EndAsync(page, Token), "audio_unreadable: The recording cannot be read; WAV, MP3");
            BackendProgram.IsFailed(await backend.EndAsync(cut, Token), "audio_unreadable: The recording cannot be read; WAV, MP3");
            BackendProgram.IsFailed(await backend.EndAsync(tooLong, Token), "audio_too_long: The recording is longer than 00:00:07");
            RecordingServer.IsGraded(await backend.EndAsync(good, Token), 1);

            // Trying again would change nothing, so nobody did; and what is refused is not even asked for.
            await system.IsAnsweredOnceAsync([refused, gone, page, cut, tooLong, good], Token);
            Assert.Equal(["/0.wav", "/1.wav", "/cut.wav", "/gone.wav", "/page.wav"], recordings.Fetched.Items.Order(StringComparer.Ordinal));
            Assert.Empty(elsewhere.Fetched.Items);
        }
        catch (Exception wrong)
        {
            throw new InvalidOperationException($"{wrong.Message}\n\n{backend.Said()}\n\n{system.Said()}", wrong);
        }
    }
}

/// <summary>The same on RabbitMQ.</summary>
[Trait("Category", "Service")]
public class RecordingBackendOnRabbitMqTests() : RecordingBackendSuite(RestartedBroker.RabbitMq);

/// <summary>What each backend gets for recordings.</summary>
public abstract class RecordingBackendSuite
{
    private readonly RestartedBroker _broker;

    private protected RecordingBackendSuite(RestartedBroker broker) => _broker = broker;

    private protected static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("amqplib")]
    [InlineData("microservices")]
    [InlineData("python")]
    public async Task Each_recording_gets_its_result_though_a_worker_is_killed_while_it_listens_and_the_broker_goes_away(string way)
    {
        await RecordingServer.RequireSpeechAsync();
        await using var recordings = await RecordingServer.StartAsync(Token);
        await using var broker = await _broker.StartAsync(Token);
        await using var system = await GradingSystem.StartAsync(broker, BackendProgram.SettingsFor(way), Token);
        await using var backend = await BackendProgram.StartAsync(way, broker.Url, Token);
        var sent = new Dictionary<string, int>();
        try
        {
            // A worker dies while it listens.
            await SubmitAsync(RecordingServer.Count - 1);
            var killed = StartWorker();
            await system.UntilListeningAsync(Token);
            await killed.KillAsync();

            // Another listens, and the broker goes away meanwhile. What is handed in then waits in the backend.
            var fetched = recordings.Fetched.Items.Count;
            StartWorker();
            await recordings.Fetched.WaitForAsync(fetched + 1, TimeSpan.FromMinutes(1), Token);
            await _broker.RestartAsync(broker, () => SubmitAsync(RecordingServer.Count), Token);

            foreach (var (id, number) in sent)
                RecordingServer.IsGraded(await backend.EndAsync(id, Token), number);
            await system.IsAnsweredOnceAsync(sent.Keys, Token);
            // The one that the killed worker listened to was fetched by another as well.
            Assert.Contains(recordings.Fetched.Items.CountBy(path => path), of => of.Value > 1);
            // And no recording outlives its grading, not even that one, nor one that was graded again because the broker went away.
            await Eventually.ThatAsync(() => system.Scratch.GetDirectories("warren-speech-*").Length == 0, "no recording is left", cancellationToken: Token);
        }
        catch (Exception wrong)
        {
            throw new InvalidOperationException($"{wrong.Message}\n\n{backend.Said()}\n\n{system.Said()}", wrong);
        }

        RunningProgram StartWorker() => system.StartWorker(("Warren__Grading__AudioHosts__0", recordings.Host));

        async Task SubmitAsync(int upTo)
        {
            while (sent.Count < upTo)
            {
                var number = sent.Count;
                sent.Add(await backend.SubmitAsync(recordings.Answer(number), Token), number);
            }
        }
    }
}
