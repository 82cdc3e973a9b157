using Warren.TestKit;

namespace Warren.Broker.Tests.Suite.Messages;

[Trait("Category", "Service")]
public sealed class ConsumeOnRabbitMq(RabbitMqFixture fixture) : ConsumeSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class ConsumerPriorityOnRabbitMq(RabbitMqFixture fixture) : ConsumerPrioritySuite(new RabbitMqSuiteBroker(fixture));
