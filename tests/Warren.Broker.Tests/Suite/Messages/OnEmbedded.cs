namespace Warren.Broker.Tests.Suite.Messages;

public sealed class ConsumeOnEmbedded(EmbeddedBrokerFixture fixture) : ConsumeSuite(new EmbeddedSuiteBroker(fixture));

public sealed class ConsumerPriorityOnEmbedded(EmbeddedBrokerFixture fixture) : ConsumerPrioritySuite(new EmbeddedSuiteBroker(fixture));
