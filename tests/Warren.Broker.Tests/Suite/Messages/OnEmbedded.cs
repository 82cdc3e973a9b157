namespace Warren.Broker.Tests.Suite.Messages;

public sealed class AcknowledgeOnEmbedded(EmbeddedBrokerFixture fixture) : AcknowledgeSuite(new EmbeddedSuiteBroker(fixture));

public sealed class ConfirmOnEmbedded(EmbeddedBrokerFixture fixture) : ConfirmSuite(new EmbeddedSuiteBroker(fixture));

public sealed class ConsumeOnEmbedded(EmbeddedBrokerFixture fixture) : ConsumeSuite(new EmbeddedSuiteBroker(fixture));

public sealed class ConsumerLifeOnEmbedded(EmbeddedBrokerFixture fixture) : ConsumerLifeSuite(new EmbeddedSuiteBroker(fixture));

public sealed class ConsumerPriorityOnEmbedded(EmbeddedBrokerFixture fixture) : ConsumerPrioritySuite(new EmbeddedSuiteBroker(fixture));

public sealed class DeadLetterOnEmbedded(EmbeddedBrokerFixture fixture) : DeadLetterSuite(new EmbeddedSuiteBroker(fixture));

public sealed class DeadLetterCycleOnEmbedded(EmbeddedBrokerFixture fixture) : DeadLetterCycleSuite(new EmbeddedSuiteBroker(fixture));

public sealed class DeathOnEmbedded(EmbeddedBrokerFixture fixture) : DeathSuite(new EmbeddedSuiteBroker(fixture));

public sealed class DeliveryFramesOnEmbedded(EmbeddedBrokerFixture fixture) : DeliveryFramesSuite(new EmbeddedSuiteBroker(fixture));

public sealed class DirectReplyToOnEmbedded(EmbeddedBrokerFixture fixture) : DirectReplyToSuite(new EmbeddedSuiteBroker(fixture));

public sealed class GetOnEmbedded(EmbeddedBrokerFixture fixture) : GetSuite(new EmbeddedSuiteBroker(fixture));

public sealed class MaxLengthOnEmbedded(EmbeddedBrokerFixture fixture) : MaxLengthSuite(new EmbeddedSuiteBroker(fixture));

public sealed class MessageTtlOnEmbedded(EmbeddedBrokerFixture fixture) : MessageTtlSuite(new EmbeddedSuiteBroker(fixture));

public sealed class PayloadOnEmbedded(EmbeddedBrokerFixture fixture) : PayloadSuite(new EmbeddedSuiteBroker(fixture));

public sealed class PrefetchOnEmbedded(EmbeddedBrokerFixture fixture) : PrefetchSuite(new EmbeddedSuiteBroker(fixture));

public sealed class PriorityOnEmbedded(EmbeddedBrokerFixture fixture) : PrioritySuite(new EmbeddedSuiteBroker(fixture));

public sealed class QueueExpiryOnEmbedded(EmbeddedBrokerFixture fixture) : QueueExpirySuite(new EmbeddedSuiteBroker(fixture));

public sealed class QuorumConsumerOnEmbedded(EmbeddedBrokerFixture fixture) : QuorumConsumerSuite(new EmbeddedSuiteBroker(fixture));

public sealed class QuorumQueueOnEmbedded(EmbeddedBrokerFixture fixture) : QuorumQueueSuite(new EmbeddedSuiteBroker(fixture));

public sealed class RedeliveryOnEmbedded(EmbeddedBrokerFixture fixture) : RedeliverySuite(new EmbeddedSuiteBroker(fixture));

public sealed class TransactionOnEmbedded(EmbeddedBrokerFixture fixture) : TransactionSuite(new EmbeddedSuiteBroker(fixture));
