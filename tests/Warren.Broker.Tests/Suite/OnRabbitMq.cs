using Warren.TestKit;

namespace Warren.Broker.Tests.Suite;

[Trait("Category", "Service")]
public sealed class ConnectionOnRabbitMq(RabbitMqFixture fixture) : ConnectionSuite(new RabbitMqSuiteBroker(fixture));
