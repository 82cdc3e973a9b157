using System.Diagnostics.Metrics;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Warren.AI.Chat;
using Warren.TestKit;

namespace Warren.AI.Tests.Chat;

/// <summary>Chats as they go over HTTP.</summary>
public class OpenAIChatClientTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_chat_and_its_options_are_sent_as_OpenAI_reads_them()
    {
        await using var endpoint = await Endpoint.StartAsync(new OpenAiAnswer.Completion("Yes."));

        await endpoint.Client.GetResponseAsync(
            [new(ChatRole.System, "Be short."), new(ChatRole.User, "Is \"1 < 2\"? 😀\0\u2028"), new(ChatRole.Assistant, "Sure?"), new(ChatRole.User, "Yes")],
            new()
            {
                Instructions = "First of all.",
                Temperature = 0,
                TopP = 0.5f,
                FrequencyPenalty = 0.25f,
                PresencePenalty = 0.75f,
                MaxOutputTokens = 77,
                Seed = 5,
                StopSequences = ["END"],
                ResponseFormat = ChatResponseFormat.ForJsonSchema(JsonElement.Parse("""{"type":"object"}"""), "thing", "A thing."),
            },
            Stop);

        var request = await endpoint.Server.Requests.FirstAsync(cancellationToken: Stop);
        Assert.Equal("Bearer " + Endpoint.Key, request.Authorization);
        Assert.Equal(["First of all.", "Be short.", "Is \"1 < 2\"? 😀\0\u2028", "Sure?", "Yes"], request.Messages);
        Assert.Equal(
            ["system", "system", "user", "assistant", "user"], request.Body.GetProperty("messages").EnumerateArray().Select(message => message.GetProperty("role").GetString()));
        Assert.Equal(
            """{"model":"some-model","temperature":0,"top_p":0.5,"frequency_penalty":0.25,"presence_penalty":0.75,"max_completion_tokens":77,"seed":5,"stop":["END"],"response_format":{"type":"json_schema","json_schema":{"name":"thing","description":"A thing.","strict":true,"schema":{"type":"object"}}}}""",
            JsonSerializer.Serialize(request.Body.EnumerateObject().Where(member => member.Name != "messages").ToDictionary(member => member.Name, member => member.Value)));
    }

    [Fact]
    public async Task An_answer_comes_with_its_model_its_reason_and_its_cost()
    {
        await using var endpoint = await Endpoint.StartAsync(
            new OpenAiAnswer.Completion("Yes 😀") { Model = "some-model-2", FinishReason = "length", InputTokens = 12, OutputTokens = 3 });

        var response = await endpoint.Client.GetResponseAsync("Is it?", cancellationToken: Stop);

        Assert.Equal(
            ("Yes 😀", "some-model-2", ChatFinishReason.Length, 12L, 3L, 15L),
            (response.Text, response.ModelId, response.FinishReason, response.Usage?.InputTokenCount, response.Usage?.OutputTokenCount, response.Usage?.TotalTokenCount));
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1_760_000_000), response.CreatedAt);
    }

    [Fact]
    public async Task A_refusal_is_no_text()
    {
        await using var endpoint = await Endpoint.StartAsync(new OpenAiAnswer.Completion("") { Refusal = "I would rather not." });

        var response = await endpoint.Client.GetResponseAsync("Do it.", cancellationToken: Stop);

        Assert.Empty(response.Text);
        Assert.Equal("I would rather not.", Assert.Single(response.Messages[0].Contents.OfType<ErrorContent>()).Message);
    }

    [Fact]
    public async Task What_is_of_another_form_is_left_out_and_the_cost_is_read()
    {
        await using var endpoint = await Endpoint.StartAsync(new OpenAiAnswer.Body(
            """{"id":7,"created":"now","choices":[],"usage":{"input_tokens":4,"completion_tokens":-1,"output_tokens":2}}"""));

        var response = await endpoint.Client.GetResponseAsync("Hello", cancellationToken: Stop);

        Assert.Empty(response.Messages);
        Assert.Equal((null, null, 4L, 2L), (response.ResponseId, response.FinishReason, response.Usage?.InputTokenCount, response.Usage?.OutputTokenCount));
    }

    [Fact]
    public async Task A_streamed_answer_comes_in_parts_and_ends_with_its_cost()
    {
        await using var endpoint = await Endpoint.StartAsync(new OpenAiAnswer.Completion("One two three four five.") { InputTokens = 9, OutputTokens = 6 });

        List<ChatResponseUpdate> parts = [];
        await foreach (var part in endpoint.Client.GetStreamingResponseAsync("Count.", cancellationToken: Stop))
            parts.Add(part);

        Assert.True(parts.Count(part => part.Text.Length > 0) > 1);
        var whole = parts.ToChatResponse();
        Assert.Equal(
            ("One two three four five.", ChatFinishReason.Stop, "test-model-1", 9L, 6L),
            (whole.Text, whole.FinishReason, whole.ModelId, whole.Usage?.InputTokenCount, whole.Usage?.OutputTokenCount));
    }

    [Fact]
    public async Task What_is_more_than_text_is_not_sent()
    {
        await using var endpoint = await Endpoint.StartAsync();

        await Assert.ThrowsAsync<NotSupportedException>(() => endpoint.Client.GetResponseAsync(
            [new(ChatRole.User, [new UriContent("https://example.com/a.png", "image/png")])], cancellationToken: Stop));
        await Assert.ThrowsAsync<NotSupportedException>(() => endpoint.Client.GetResponseAsync(
            "Hello", new() { Tools = [AIFunctionFactory.Create(() => 1, "one")] }, Stop));

        Assert.Empty(endpoint.Server.Requests.Items);
    }

    [Fact]
    public async Task Cancellation_is_no_failure_of_the_endpoint()
    {
        await using var endpoint = await Endpoint.StartAsync(new OpenAiAnswer.Never());
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Stop);

        var call = endpoint.Client.GetResponseAsync("Hello", cancellationToken: cancel.Token);
        await endpoint.Server.Requests.FirstAsync(cancellationToken: Stop);
        await cancel.CancelAsync();

        Assert.Equal(cancel.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call)).CancellationToken);
    }

    [Fact]
    public async Task Tokens_and_time_are_measured_by_the_conventions()
    {
        await using var endpoint = await Endpoint.StartAsync(new OpenAiAnswer.Completion("Yes.") { InputTokens = 12, OutputTokens = 3 }, OpenAiAnswer.Error(500));
        var measured = new Arrivals<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, it) =>
            {
                if (instrument.Meter.Name == ChatTelemetry.Name)
                    it.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Note(instrument, 0, tags));
        listener.Start();

        await endpoint.Client.GetResponseAsync("Is it?", cancellationToken: Stop);
        await Assert.ThrowsAnyAsync<Exception>(() => endpoint.Client.GetResponseAsync("Is it?", cancellationToken: Stop));

        Assert.Equal(
            [
                "gen_ai.client.token.usage 12 input", "gen_ai.client.token.usage 3 output", "gen_ai.client.operation.duration 0 test-model-1",
                "gen_ai.client.operation.duration 0 llm.unavailable",
            ],
            measured.Items);

        void Note(Instrument instrument, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            // Other tests measure at the same time.
            Dictionary<string, object?> all = new(tags.ToArray());
            if (all["server.port"] as int? == endpoint.Server.Url.Port)
                measured.Add($"{instrument.Name} {value} {all.GetValueOrDefault("gen_ai.token.type") ?? all.GetValueOrDefault("error.type") ?? all["gen_ai.response.model"]}");
        }
    }

    [Fact]
    public async Task It_tells_what_it_is()
    {
        await using var endpoint = await Endpoint.StartAsync();

        var about = endpoint.Client.GetService<ChatClientMetadata>();

        Assert.Equal(("openai", endpoint.Server.Url, "some-model"), (about?.ProviderName, about?.ProviderUri, about?.DefaultModelId));
        Assert.Same(endpoint.Client, endpoint.Client.GetService<IChatClient>());
    }
}
