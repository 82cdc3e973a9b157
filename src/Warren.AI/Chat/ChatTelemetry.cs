using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.AI;
using Warren.Jobs;

namespace Warren.AI.Chat;

/// <summary>Spans and metrics of calls to models, by OpenTelemetry's conventions for generative AI. None holds a text, a key or an error's message.</summary>
internal static class ChatTelemetry
{
    /// <summary>The name of the activity source and of the meter.</summary>
    public const string Name = "Warren.AI";

    private static readonly string? Version = typeof(ChatTelemetry).Assembly.GetName().Version?.ToString(3);

    public static readonly ActivitySource Source = new(Name, Version);

    public static readonly Meter Meter = new(Name, Version);

    public static readonly Histogram<double> Duration = Meter.CreateHistogram<double>("gen_ai.client.operation.duration", "s", "Time a call to a model took.");

    public static readonly Histogram<long> Tokens = Meter.CreateHistogram<long>("gen_ai.client.token.usage", "{token}", "Tokens a call to a model has cost.");

    /// <summary>Begins a call; disposing ends it.</summary>
    public static ChatCall Begin(string operation, string model, Uri address, TimeProvider time) => new(operation, model, address, time);
}

/// <summary>A call that is being measured.</summary>
internal sealed class ChatCall : IDisposable
{
    private readonly TimeProvider _time;
    private readonly long _began;
    private readonly Activity? _activity;
    private TagList _tags;
    private string? _model;
    // What it is when nobody says how it ended, as when the reader of a stream leaves.
    private string? _error = "incomplete";

    /// <summary>Begins.</summary>
    public ChatCall(string operation, string model, Uri address, TimeProvider time)
    {
        _time = time;
        _began = time.GetTimestamp();
        _tags = new()
        {
            { "gen_ai.operation.name", operation },
            { "gen_ai.provider.name", "openai" },
            { "gen_ai.request.model", model },
            { "server.address", address.Host },
            { "server.port", address.Port },
        };
        _activity = ChatTelemetry.Source.StartActivity(ActivityKind.Client, parentContext: default, tags: _tags, name: $"{operation} {model}");
    }

    /// <summary>Which model answered, and what it has cost, if that is known.</summary>
    public void Answered(string? model, UsageDetails? usage)
    {
        if (model is not null && _model is null)
        {
            _model = model;
            _tags.Add("gen_ai.response.model", model);
            _activity?.SetTag("gen_ai.response.model", model);
        }
        if (usage is null)
            return;
        Record(usage.InputTokenCount, "input");
        Record(usage.OutputTokenCount, "output");
    }

    /// <summary>That it failed, and of what.</summary>
    public void Failed(Exception error) => _error = error is JobFailedException failure ? failure.Code : error.GetType().FullName;

    /// <summary>That it did not fail.</summary>
    public void Completed() => _error = null;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_error is not null)
        {
            _tags.Add("error.type", _error);
            _activity?.SetTag("error.type", _error).SetStatus(ActivityStatusCode.Error);
        }
        ChatTelemetry.Duration.Record(_time.GetElapsedTime(_began).TotalSeconds, _tags);
        _activity?.Dispose();
    }

    private void Record(long? count, string type)
    {
        if (count is not { } tokens)
            return;
        var tags = _tags;
        tags.Add("gen_ai.token.type", type);
        ChatTelemetry.Tokens.Record(tokens, tags);
        _activity?.SetTag($"gen_ai.usage.{type}_tokens", tokens);
    }
}
