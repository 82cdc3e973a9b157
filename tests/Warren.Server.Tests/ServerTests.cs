using System.Diagnostics.Metrics;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Warren.Server.Metrics;
using Warren.TestKit;

namespace Warren.Server.Tests;

/// <summary>The server as a whole: health, metrics, the description of itself, where it is mounted, how it stops.</summary>
public class ServerTests
{
    [Fact]
    public async Task Health_says_how_things_are_in_the_form_that_was_agreed()
    {
        await using var house = await ServerHouse.StartAsync();

        var health = await house.GetJsonAsync("health");

        Assert.Equal("healthy", health.GetProperty("status").GetString());
        Assert.Equal(ServerSetup.Version, health.GetProperty("version").GetString());
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$", health.GetProperty("timestamp").GetString()!);
        Assert.Equal(
            ["api healthy", "rabbitmq healthy", "store healthy", "coordinator healthy", "gpu unknown"],
            health.GetProperty("services").EnumerateObject().Select(service => $"{service.Name} {service.Value.GetString()}"));
        Assert.DoesNotContain("guest:guest", health.GetRawText(), StringComparison.Ordinal);
        Assert.Equal("healthy", (await house.GetJsonAsync("health/live")).GetProperty("status").GetString());
        Assert.Equal("healthy", (await house.GetJsonAsync("health/ready")).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Without_the_broker_jobs_are_taken_in_and_health_is_degraded()
    {
        await using var house = await ServerHouse.StartAsync();
        await house.PlayAsync("text.stats");
        await house.StopBrokerAsync();
        await Eventually.GetAsync(() => house.GetJsonAsync("health"), health => health.GetProperty("status").GetString() == "degraded", "health is degraded");

        var job = await house.SubmitAsync();

        Assert.Equal("queued", job.GetProperty("state").GetString());
        var health = await house.GetJsonAsync("health");
        Assert.Equal("unhealthy", health.GetProperty("services").GetProperty("rabbitmq").GetString());
        Assert.Equal("healthy", (await house.GetJsonAsync("health/ready")).GetProperty("status").GetString());
        var metrics = PrometheusReader.Read(await house.Http.GetStringAsync("metrics"));
        Assert.Equal(0, metrics.Samples["warren_broker_connected{}"]);
    }

    [Fact]
    public async Task Metrics_are_what_Prometheus_reads()
    {
        await using var house = await ServerHouse.StartAsync();
        var worker = await house.PlayAsync("text.stats");
        await house.SubmitAsync();
        await worker.SucceedAsync(await worker.BeginAsync());
        await house.SubmitAsync();
        await Eventually.GetAsync(
            async () => PrometheusReader.Read(await house.Http.GetStringAsync("metrics")),
            metrics => metrics.Samples.GetValueOrDefault("warren_jobs{kind=\"text.stats\",state=\"succeeded\"}") == 1,
            "the job is counted");

        using var response = await house.GetAsync("metrics");
        var metrics = PrometheusReader.Read(await response.Content.ReadAsStringAsync());

        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Equal(1, metrics.Samples["warren_jobs{kind=\"text.stats\",state=\"queued\"}"]);
        Assert.Equal(1, metrics.Samples["warren_workers{status=\"alive\"}"]);
        Assert.Equal(1, metrics.Samples["warren_store_up{}"]);
        Assert.Contains("histogram", metrics.Types.Values);
        Assert.Contains(metrics.Types, type => type.Key.StartsWith("warren_broker_", StringComparison.Ordinal) && type.Value == "gauge");
    }

    [Fact]
    public void Every_instrument_is_written_as_what_it_is()
    {
        using var registry = new MeterRegistry();
        using var meter = new Meter("Warren.Tests");
        using var other = new Meter("Else.Tests");
        other.CreateCounter<int>("else.calls").Add(1);
        var calls = meter.CreateCounter<long>("test.calls", "{call}", "Calls,\nwith a \\ in it.");
        calls.Add(2, new KeyValuePair<string, object?>("na.me", "a\"b\\c\nd"));
        calls.Add(3, new KeyValuePair<string, object?>("na.me", "a\"b\\c\nd"));
        var open = meter.CreateUpDownCounter<int>("test.open");
        open.Add(5);
        open.Add(-2);
        var took = meter.CreateHistogram("test.took", "s", null, null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [1, 2] });
        foreach (var value in (double[])[0.5, 1, 1.5, 3])
            took.Record(value);
        var depths = new Dictionary<string, int> { ["a"] = 1, ["b"] = 2 };
        meter.CreateObservableGauge("test.depth", () => depths.Select(depth => new Measurement<int>(depth.Value, new KeyValuePair<string, object?>("queue", depth.Key))));
        meter.CreateObservableCounter("test.bytes", () => 7L, "By");

        var metrics = Write(registry);

        Assert.Equal(5, metrics.Samples["test_calls_total{na_me=\"a\\\"b\\\\c\\nd\"}"]);
        Assert.Equal(3, metrics.Samples["test_open{}"]);
        Assert.Equal([2, 3, 4, 6.0, 4], new[] { "bucket{le=\"1\"}", "bucket{le=\"2\"}", "bucket{le=\"+Inf\"}", "sum{}", "count{}" }.Select(name => metrics.Samples[$"test_took_seconds_{name}"]));
        Assert.Equal(7, metrics.Samples["test_bytes_total{}"]);
        Assert.Equal(2, metrics.Samples["test_depth{queue=\"b\"}"]);
        Assert.DoesNotContain(metrics.Types.Keys, name => name.StartsWith("else", StringComparison.Ordinal));

        depths.Remove("b");
        Assert.DoesNotContain("test_depth{queue=\"b\"}", Write(registry).Samples.Keys);
    }

    [Fact]
    public void Series_without_end_are_left_out()
    {
        using var registry = new MeterRegistry();
        using var meter = new Meter("Warren.Tests.Many");
        var calls = meter.CreateCounter<int>("many.calls");
        for (var i = 0; i < 5000; i++)
            calls.Add(1, new KeyValuePair<string, object?>("i", i));

        Assert.Equal(2000, Write(registry).Samples.Keys.Count(name => name.StartsWith("many_calls_total", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_server_describes_all_its_routes()
    {
        await using var house = await ServerHouse.StartAsync();

        var document = await house.GetJsonAsync("openapi/v1.json");

        Assert.Equal("3.1.0", document.GetProperty("openapi").GetString());
        var operations = document.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject().Select(method => (Path: path.Name, Method: method.Name, method.Value))).ToList();
        Assert.Equal(Api.ApiRoutes.All.Count, operations.Count);
        Assert.All(operations, operation => Assert.Equal(
            Api.ApiRoutes.PathParameter().Matches(operation.Path).Select(match => match.Groups[1].Value),
            operation.Value.TryGetProperty("parameters", out var parameters)
                ? parameters.EnumerateArray().Where(parameter => parameter.GetProperty("in").GetString() == "path").Select(parameter => parameter.GetProperty("name").GetString())
                : []));
        // Two templates that match the same paths are an error in OpenAPI.
        var templates = document.GetProperty("paths").EnumerateObject().Select(path => Api.ApiRoutes.PathParameter().Replace(path.Name, "{}")).ToList();
        Assert.Equal(templates.Distinct(), templates);
        Assert.All(References(document), reference => Assert.NotEqual(JsonValueKind.Undefined, Follow(document, reference).ValueKind));
    }

    [Fact]
    public async Task An_app_of_its_own_mounts_it_below_a_prefix()
    {
        await using var house = await ServerHouse.StartAsync(prefix: "/warren");
        await house.PlayAsync("text.stats");

        using var accepted = await house.PostAsync("v1/jobs/text.stats", "{}");

        Assert.StartsWith("/warren/v1/jobs/", accepted.Headers.Location!.OriginalString, StringComparison.Ordinal);
        Assert.Equal("/warren", (await house.GetJsonAsync("openapi/v1.json")).GetProperty("servers")[0].GetProperty("url").GetString());
        await ServerHouse.ProblemAsync(await house.GetAsync("nothing"), 404, "route_not_found");
        using var outside = await house.Http.GetAsync("/v1/jobs");
        Assert.Equal(HttpStatusCode.NotFound, outside.StatusCode);
        Assert.Null(outside.Content.Headers.ContentType);
    }

    [Theory]
    [InlineData("warren")]
    [InlineData("/{id}")]
    public async Task A_prefix_that_is_no_path_is_refused(string prefix) =>
        Assert.Contains($"'{prefix}'", (await Assert.ThrowsAsync<ArgumentException>(() => ServerHouse.StartAsync(prefix: prefix))).Message, StringComparison.Ordinal);

    [Fact]
    public async Task Mapping_without_what_it_needs_says_what_is_missing()
    {
        var builder = WebApplication.CreateSlimBuilder();
        await using var nothing = builder.Build();
        Assert.Contains("AddWarrenServer()", Assert.Throws<InvalidOperationException>(() => nothing.MapWarren()).Message, StringComparison.Ordinal);

        builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddWarrenServer();
        await using var half = builder.Build();
        Assert.Contains("AddWarrenCoordinator", Assert.Throws<InvalidOperationException>(() => half.MapWarren()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stopping_server_is_not_ready_and_takes_no_jobs_but_still_answers()
    {
        await using var house = await ServerHouse.StartAsync();
        await house.PlayAsync("text.stats");
        var id = (await house.SubmitAsync()).GetProperty("id").GetString();

        house.App.Services.GetRequiredService<ServerDoor>().Close();

        using var ready = await house.GetAsync("health/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        var refused = await house.PostAsync("v1/jobs/text.stats", "{}");
        Assert.NotNull(refused.Headers.RetryAfter);
        await ServerHouse.ProblemAsync(refused, 503, "stopping");
        Assert.Equal("queued", (await house.GetJsonAsync($"v1/jobs/{id}")).GetProperty("state").GetString());
        // A browser comes back after a stream that ends, and never after a refusal.
        house.App.Services.GetRequiredService<ServerDoor>().EndStreams();
        using var stream = await house.GetAsync($"v1/jobs/{id}/events");
        Assert.Equal(HttpStatusCode.OK, stream.StatusCode);
        Assert.Equal("retry: 1000\n\n", await stream.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_stop_ends_streams_and_waits_after_the_coordinator_has_folded()
    {
        await using var house = await ServerHouse.StartAsync();
        var worker = await house.PlayAsync("text.stats");
        var id = (await house.SubmitAsync()).GetProperty("id").GetString()!;
        var attempt = await worker.BeginAsync();
        using var stream = await house.GetAsync($"v1/jobs/{id}/events");
        var reading = stream.Content.ReadAsStringAsync();
        var waiting = house.PostAsync("v1/jobs/text.stats", "{}", ("Prefer", "wait=60"));
        await Eventually.GetAsync(() => house.GetJsonAsync("v1/jobs"), page => page.GetProperty("jobs").GetArrayLength() == 2, "both jobs are there");
        await worker.SucceedAsync(attempt);

        await house.App.StopAsync();

        // What the worker had reported before was still told.
        Assert.Contains("event: succeeded", await reading, StringComparison.Ordinal);
        using var response = await waiting;
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
    }

    [Fact]
    public async Task Kinds_and_workers_are_listed_as_they_were_described()
    {
        await using var house = await ServerHouse.StartAsync();
        await house.PlayAsync("text.stats", """{"type": "object", "not_a_keyword": 1}""");

        var kind = Assert.Single((await house.GetJsonAsync("v1/kinds")).GetProperty("kinds").EnumerateArray());
        Assert.Equal("text.stats", kind.GetProperty("kind").GetString());
        Assert.Equal("object", kind.GetProperty("args_schema").GetProperty("type").GetString());
        Assert.Equal("/not_a_keyword is not checked.", Assert.Single(kind.GetProperty("schema_notes").EnumerateArray()).GetString());
        Assert.Equal(kind.GetRawText(), (await house.GetJsonAsync("v1/kinds/text.stats")).GetRawText());
        await ServerHouse.ProblemAsync(await house.GetAsync("v1/kinds/text.none"), 404, "kind_not_found");
        var worker = Assert.Single((await house.GetJsonAsync("v1/workers")).GetProperty("workers").EnumerateArray());
        Assert.Equal("player test/1 alive 4", string.Join(' ', new[] { "name", "version", "status", "slots" }.Select(name => worker.GetProperty(name).ToString())));
    }

    [Fact]
    public async Task A_worker_that_is_silent_is_late_and_then_unknown()
    {
        var time = new ManualTimeProvider(TimeProvider.System.GetUtcNow());
        var limits = new Coordinator.CoordinatorOptions();
        await using var house = await ServerHouse.StartAsync();
        await house.PlayAsync("text.stats");
        var session = Assert.Single(await house.Coordinator.Store.ListSessionsAsync(default));
        var services = ActivatorUtilities.CreateInstance<Api.ApiServices>(house.App.Services, time, Microsoft.Extensions.Options.Options.Create(limits));
        var renewed = session with { RenewedAt = time.GetUtcNow() };

        Assert.Equal(Api.WorkerStatus.Alive, Api.WorkerEndpoints.StatusOf(renewed, services));
        time.Advance(limits.Lease * 2 / 3);
        Assert.Equal(Api.WorkerStatus.Late, Api.WorkerEndpoints.StatusOf(renewed, services));
        time.Advance(limits.Lease);
        Assert.Equal(Api.WorkerStatus.Unknown, Api.WorkerEndpoints.StatusOf(renewed, services));
    }

    [Fact]
    public async Task Args_that_are_too_large_are_refused_before_and_after_they_are_read()
    {
        await using var house = await ServerHouse.StartAsync(limits: limits => limits.MaxArgsBytes = 1024);
        await house.PlayAsync("text.stats");

        await ServerHouse.ProblemAsync(await house.PostAsync("v1/jobs/text.stats", JsonSerializer.Serialize(new string('x', 2000))), 413, "args_too_large");
        await ServerHouse.ProblemAsync(await house.PostAsync("v1/jobs/text.stats", JsonSerializer.Serialize(new string('x', 200_000))), 413, "args_too_large");
        using var chunked = new HttpRequestMessage(HttpMethod.Post, "v1/jobs/text.stats") { Content = new StreamContent(new MemoryStream(new byte[300_000])) };
        chunked.Headers.TransferEncodingChunked = true;
        chunked.Content.Headers.ContentType = new("application/json");
        await ServerHouse.ProblemAsync(await house.Http.SendAsync(chunked), 413, "args_too_large");
    }

    private static PrometheusReader Write(MeterRegistry registry)
    {
        var text = new PrometheusText();
        registry.Write(text);
        return PrometheusReader.Read(text.ToString());
    }

    private static IEnumerable<string> References(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(property => property.Name == "$ref" ? [property.Value.GetString()!] : References(property.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(References),
        _ => [],
    };

    private static JsonElement Follow(JsonElement document, string reference)
    {
        foreach (var step in reference.Split('/').Skip(1))
        {
            if (document.ValueKind == JsonValueKind.Array)
                document = document[int.Parse(step, System.Globalization.CultureInfo.InvariantCulture)];
            else if (!document.TryGetProperty(step, out document))
                return default;
        }
        return document;
    }
}
