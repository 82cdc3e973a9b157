using MassTransit;
using RabbitMQ.Client;
using Warren.Benchmarks.Libraries.Raw;
using Warren.Benchmarks.Variants;

namespace Warren.Benchmarks.MassTransit;

/// <summary>Buses and topology for the MassTransit variants.</summary>
internal static class MassTransitBroker
{
    /// <summary>Starts a bus; disposing the result stops it.</summary>
    public static async Task<RunningBus> StartAsync(
        VariantJob job, Action<IRabbitMqBusFactoryConfigurator> configure, CancellationToken cancellationToken)
    {
        var bus = Bus.Factory.CreateUsingRabbitMq(rabbit =>
        {
            var uri = new Uri(job.Broker);
            var credentials = uri.UserInfo.Split(':', 2);
            var host = uri.AbsolutePath is "" or "/" ? "/" : Uri.UnescapeDataString(uri.AbsolutePath[1..]);
            rabbit.Host(uri.Host, (ushort)(uri.IsDefaultPort ? 5672 : uri.Port), host, settings =>
            {
                settings.Username(Uri.UnescapeDataString(credentials[0]));
                settings.Password(Uri.UnescapeDataString(credentials.Length > 1 ? credentials[1] : ""));
            });
            configure(rabbit);
        });
        await bus.StartAsync(cancellationToken);
        return new RunningBus(bus);
    }

    /// <summary>The sender to the queue of a job. MassTransit sends to an exchange of the queue's name, which is made and bound here.</summary>
    public static async Task<ISendEndpoint> SenderAsync(IBus bus, VariantJob job, CancellationToken cancellationToken)
    {
        await using var connection = await RawBroker.ConnectAsync(job.Broker, cancellationToken);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        await channel.ExchangeDeclareAsync(job.Queue, ExchangeType.Fanout, durable: true, cancellationToken: cancellationToken);
        await channel.QueueBindAsync(job.Queue, job.Queue, routingKey: "", cancellationToken: cancellationToken);
        return await bus.GetSendEndpoint(new Uri($"exchange:{job.Queue}"));
    }

    /// <summary>A receive endpoint on the queue of a job, of the kind it has.</summary>
    public static void Receive(
        this IRabbitMqBusFactoryConfigurator rabbit, VariantJob job, Action<IRabbitMqReceiveEndpointConfigurator> configure) =>
        rabbit.ReceiveEndpoint(job.Queue, endpoint =>
        {
            endpoint.ConfigureConsumeTopology = false;
            if (job.QueueKind == QueueKind.Quorum)
                endpoint.SetQuorumQueue();
            configure(endpoint);
        });
}
