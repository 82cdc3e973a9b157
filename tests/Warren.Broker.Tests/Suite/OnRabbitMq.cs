using Warren.TestKit;

namespace Warren.Broker.Tests.Suite;

[Collection(AloneCollection.Name)]
[Trait("Category", "Service")]
public sealed class AlarmOnRabbitMq(RabbitMqFixture fixture) : AlarmSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class CarbonCopyOnRabbitMq(RabbitMqFixture fixture) : CarbonCopySuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class ChannelOnRabbitMq(RabbitMqFixture fixture) : ChannelSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class ConnectionOnRabbitMq(RabbitMqFixture fixture) : ConnectionSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class ExchangeBindOnRabbitMq(RabbitMqFixture fixture) : ExchangeBindSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class ExchangeDeclareOnRabbitMq(RabbitMqFixture fixture) : ExchangeDeclareSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class FramingOnRabbitMq(RabbitMqFixture fixture) : FramingSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class HandshakeOnRabbitMq(RabbitMqFixture fixture) : HandshakeSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class HeadersRoutingOnRabbitMq(RabbitMqFixture fixture) : HeadersRoutingSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class MalformedOnRabbitMq(RabbitMqFixture fixture) : MalformedSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class NegotiationOnRabbitMq(RabbitMqFixture fixture) : NegotiationSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class PermissionOnRabbitMq(RabbitMqFixture fixture) : PermissionSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class PublishOnRabbitMq(RabbitMqFixture fixture) : PublishSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class QueueArgumentsOnRabbitMq(RabbitMqFixture fixture) : QueueArgumentsSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class QueueBindOnRabbitMq(RabbitMqFixture fixture) : QueueBindSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class QueueDeclareOnRabbitMq(RabbitMqFixture fixture) : QueueDeclareSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class QueueDeleteOnRabbitMq(RabbitMqFixture fixture) : QueueDeleteSuite(new RabbitMqSuiteBroker(fixture));

[Trait("Category", "Service")]
public sealed class RoutingOnRabbitMq(RabbitMqFixture fixture) : RoutingSuite(new RabbitMqSuiteBroker(fixture));
