using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Warren.Server.Metrics;

/// <summary>Sends traces and metrics of Warren to a collector, if one is named by <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>; OpenTelemetry's other settings apply.</summary>
internal sealed class OtlpExport(IConfiguration configuration) : IHostedService, IDisposable
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string Protocol = "OTEL_EXPORTER_OTLP_PROTOCOL";

    private MeterProvider? _meters;
    private TracerProvider? _traces;

    /// <summary>Whether anything is sent.</summary>
    public bool IsOn => _meters is not null;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(configuration[Endpoint]))
            return Task.CompletedTask;
        if (!Uri.TryCreate(configuration[Endpoint], UriKind.Absolute, out var endpoint) || endpoint.Scheme is not ("http" or "https"))
            throw Wrong($"{Endpoint} is '{configuration[Endpoint]}'; an http:// or https:// URL was expected.");
        var isHttp = configuration[Protocol] switch
        {
            null or "" or "grpc" => false,
            "http/protobuf" => true,
            var other => throw Wrong($"{Protocol} is '{other}'; grpc or http/protobuf was expected."),
        };
        var resource = ResourceBuilder.CreateDefault().AddService(configuration["OTEL_SERVICE_NAME"] ?? "warren", serviceVersion: ServerSetup.Version);
        _meters = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter("Warren.*").AddOtlpExporter(options => Send(options, "v1/metrics")).Build();
        _traces = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource).AddSource("Warren.*").AddOtlpExporter(options => Send(options, "v1/traces")).Build();

        void Send(OtlpExporterOptions options, string path)
        {
            // Here and not by the exporter, which reads the environment and no file of settings.
            options.Protocol = isHttp ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc;
            options.Endpoint = isHttp ? new Uri(endpoint.AbsoluteUri.TrimEnd('/') + "/" + path) : endpoint;
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _meters?.Dispose();
        _traces?.Dispose();
        (_meters, _traces) = (null, null);
    }

    private static OptionsValidationException Wrong(string message) => new(nameof(OtlpExport), typeof(OtlpExporterOptions), [message]);
}
