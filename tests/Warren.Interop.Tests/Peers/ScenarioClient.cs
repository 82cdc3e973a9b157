namespace Warren.Interop.Tests.Peers;

/// <summary>The public clients whose scenarios are in <c>tests/interop</c>: they meet a broker, not Warren.Messaging.</summary>
internal enum ScenarioClient
{
    /// <summary>aio-pika on asyncio, with its robust connection.</summary>
    AioPika,

    /// <summary>pika, blocking and with callbacks.</summary>
    Pika,

    /// <summary>Celery with a prefork worker and results over <c>rpc://</c>.</summary>
    Celery,

    /// <summary>amqplib on Node.</summary>
    Amqplib,

    /// <summary>NestJS microservices on the RMQ transport.</summary>
    Nest,
}
