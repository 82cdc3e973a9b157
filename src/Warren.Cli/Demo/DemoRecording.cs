using System.Net;
using System.Text.Json.Nodes;
using Warren.AI.Grading;

namespace Warren.Cli.Demo;

/// <summary>A recording that the demo serves itself, as a backend serves those of its learners. A machine speaks it.</summary>
internal sealed class DemoRecording : IDisposable
{
    private readonly HttpListener _listener;
    private readonly Uri _url;

    private DemoRecording(HttpListener listener, Uri url) => (_listener, _url) = (listener, url);

    /// <summary>The job: its name, its routing key and its fields.</summary>
    public (string Name, string RoutingKey, JsonObject Fields) Job => ("recording", "speaking", new JsonObject
    {
        ["user_id"] = 1, ["attempt_id"] = 1, ["question_id"] = 1, ["part_number"] = 1, ["audio_url"] = _url.AbsoluteUri, ["target_level"] = "B1",
        ["callback_url"] = "http://localhost:3000/callback",
    });

    /// <summary>Begins to serve it on a free port.</summary>
    /// <param name="settings">Where its host is allowed.</param>
    public static DemoRecording Serve(Dictionary<string, string?> settings)
    {
        while (true)
        {
            // What is below the range of ports that connections are given.
            var url = new Uri($"http://127.0.0.1:{Random.Shared.Next(20_000, 32_000)}/");
            var listener = new HttpListener { Prefixes = { url.AbsoluteUri } };
            try
            {
                listener.Start();
            }
            catch (HttpListenerException)
            {
                // The port is taken: another one.
                continue;
            }
            settings[$"{GradingOptions.Section}:{nameof(GradingOptions.AudioHosts)}:0"] = url.Authority;
            _ = AnswerAsync(listener);
            return new(listener, new(url, "recording.ogg"));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Close();

    private static async Task AnswerAsync(HttpListener listener)
    {
        try
        {
            while (true)
            {
                var response = (await listener.GetContextAsync()).Response;
                await using var recording = typeof(DemoRecording).Assembly.GetManifestResourceStream("recording.ogg")!;
                response.ContentType = "audio/ogg";
                response.ContentLength64 = recording.Length;
                await recording.CopyToAsync(response.OutputStream);
                response.Close();
            }
        }
        catch (Exception ended) when (ended is HttpListenerException or ObjectDisposedException)
        {
            // The demo is over.
        }
    }
}
