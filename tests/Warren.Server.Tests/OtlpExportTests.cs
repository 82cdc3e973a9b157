using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Warren.Server.Metrics;
using Warren.TestKit;

namespace Warren.Server.Tests;

/// <summary>What goes to a collector, if one is named.</summary>
public class OtlpExportTests
{
    [Fact]
    public async Task Metrics_go_to_the_collector_that_is_named()
    {
        var arrived = new Arrivals<(string Path, string? Type, string Body)>();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var collector = builder.Build();
        collector.MapPost("/{**path}", async (HttpRequest request) =>
        {
            using var reader = new StreamReader(request.Body, System.Text.Encoding.Latin1);
            arrived.Add((request.Path, request.ContentType, await reader.ReadToEndAsync()));
        });
        await collector.StartAsync();
        using var export = new OtlpExport(Settings(("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Urls.First()), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")));
        using var meter = new Meter("Warren.Tests.Otlp");
        var counter = meter.CreateCounter<int>("otlp.test.calls");

        await export.StartAsync(default);
        counter.Add(1);
        await export.StopAsync(default);

        var (path, type, body) = await arrived.FirstAsync();
        Assert.Equal(("/v1/metrics", "application/x-protobuf"), (path, type));
        Assert.Contains("otlp.test.calls", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_goes_anywhere_when_none_is_named()
    {
        using var export = new OtlpExport(Settings());

        await export.StartAsync(default);

        Assert.False(export.IsOn);
    }

    [Theory]
    [InlineData("collector:4317", null, "OTEL_EXPORTER_OTLP_ENDPOINT is 'collector:4317'; an http:// or https:// URL was expected")]
    [InlineData("http://localhost:4317", "http/json", "OTEL_EXPORTER_OTLP_PROTOCOL is 'http/json'; grpc or http/protobuf was expected")]
    public async Task What_is_named_wrongly_stops_the_start(string endpoint, string? protocol, string message)
    {
        using var export = new OtlpExport(Settings(("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint), ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)));

        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => export.StartAsync(default));

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    private static IConfiguration Settings(params (string Name, string? Value)[] values) =>
        new ConfigurationBuilder().AddInMemoryCollection(values.ToDictionary(value => value.Name, value => value.Value)).Build();
}
