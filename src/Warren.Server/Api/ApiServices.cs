using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Warren.Coordinator;
using Warren.Messaging;
using Warren.Server.Metrics;
using Warren.Server.Security;

namespace Warren.Server.Api;

/// <summary>What the routes work with.</summary>
internal sealed class ApiServices(
    JobCoordinator coordinator, IMessageBus bus, IOptions<ServerOptions> options, IOptions<CoordinatorOptions> limits, ApiKeys keys, RequestGuard guard,
    ServerDoor door, MeterRegistry meters, ServerSetup setup, TimeProvider time, ILogger<ApiServices> logger)
{
    public JobCoordinator Coordinator => coordinator;

    public IMessageBus Bus => bus;

    public ServerOptions Options { get; } = options.Value;

    public CoordinatorOptions Limits { get; } = limits.Value;

    public ApiKeys Keys => keys;

    public RequestGuard Guard => guard;

    public ServerDoor Door => door;

    public MeterRegistry Meters => meters;

    public ServerSetup Setup => setup;

    public TimeProvider Time => time;

    public ILogger Logger => logger;
}
