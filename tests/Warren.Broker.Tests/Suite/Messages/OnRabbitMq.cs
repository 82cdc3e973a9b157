using Warren.TestKit;

namespace Warren.Broker.Tests.Suite.Messages;

[Trait("Category", "Service")]
public sealed class AcknowledgeOnRabbitMq(RabbitMqFixture fixture) : AcknowledgeSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class ConfirmOnRabbitMq(RabbitMqFixture fixture) : ConfirmSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class ConsumeOnRabbitMq(RabbitMqFixture fixture) : ConsumeSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class ConsumerLifeOnRabbitMq(RabbitMqFixture fixture) : ConsumerLifeSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class ConsumerPriorityOnRabbitMq(RabbitMqFixture fixture) : ConsumerPrioritySuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class DeadLetterOnRabbitMq(RabbitMqFixture fixture) : DeadLetterSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class DeadLetterCycleOnRabbitMq(RabbitMqFixture fixture) : DeadLetterCycleSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class DeathOnRabbitMq(RabbitMqFixture fixture) : DeathSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class DeliveryFramesOnRabbitMq(RabbitMqFixture fixture) : DeliveryFramesSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class DirectReplyToOnRabbitMq(RabbitMqFixture fixture) : DirectReplyToSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class GetOnRabbitMq(RabbitMqFixture fixture) : GetSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class MaxLengthOnRabbitMq(RabbitMqFixture fixture) : MaxLengthSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class MessageTtlOnRabbitMq(RabbitMqFixture fixture) : MessageTtlSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class PayloadOnRabbitMq(RabbitMqFixture fixture) : PayloadSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class PrefetchOnRabbitMq(RabbitMqFixture fixture) : PrefetchSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class PriorityOnRabbitMq(RabbitMqFixture fixture) : PrioritySuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class QueueExpiryOnRabbitMq(RabbitMqFixture fixture) : QueueExpirySuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class QuorumConsumerOnRabbitMq(RabbitMqFixture fixture) : QuorumConsumerSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class QuorumQueueOnRabbitMq(RabbitMqFixture fixture) : QuorumQueueSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class RedeliveryOnRabbitMq(RabbitMqFixture fixture) : RedeliverySuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class TransactionOnRabbitMq(RabbitMqFixture fixture) : TransactionSuite(new RabbitMqSuiteBroker(fixture));
