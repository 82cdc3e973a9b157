namespace Warren.Broker.Tests.Suite;

[Collection(AloneCollection.Name)]
public sealed class AlarmOnEmbedded(EmbeddedBrokerFixture fixture) : AlarmSuite(new EmbeddedSuiteBroker(fixture));

public sealed class CarbonCopyOnEmbedded(EmbeddedBrokerFixture fixture) : CarbonCopySuite(new EmbeddedSuiteBroker(fixture));

public sealed class ChannelOnEmbedded(EmbeddedBrokerFixture fixture) : ChannelSuite(new EmbeddedSuiteBroker(fixture));

public sealed class ConnectionOnEmbedded(EmbeddedBrokerFixture fixture) : ConnectionSuite(new EmbeddedSuiteBroker(fixture));

public sealed class ExchangeBindOnEmbedded(EmbeddedBrokerFixture fixture) : ExchangeBindSuite(new EmbeddedSuiteBroker(fixture));

public sealed class ExchangeDeclareOnEmbedded(EmbeddedBrokerFixture fixture) : ExchangeDeclareSuite(new EmbeddedSuiteBroker(fixture));

public sealed class FramingOnEmbedded(EmbeddedBrokerFixture fixture) : FramingSuite(new EmbeddedSuiteBroker(fixture));

public sealed class HandshakeOnEmbedded(EmbeddedBrokerFixture fixture) : HandshakeSuite(new EmbeddedSuiteBroker(fixture));

public sealed class HeadersRoutingOnEmbedded(EmbeddedBrokerFixture fixture) : HeadersRoutingSuite(new EmbeddedSuiteBroker(fixture));

public sealed class MalformedOnEmbedded(EmbeddedBrokerFixture fixture) : MalformedSuite(new EmbeddedSuiteBroker(fixture));

public sealed class NegotiationOnEmbedded(EmbeddedBrokerFixture fixture) : NegotiationSuite(new EmbeddedSuiteBroker(fixture));

public sealed class PermissionOnEmbedded(EmbeddedBrokerFixture fixture) : PermissionSuite(new EmbeddedSuiteBroker(fixture));

public sealed class PublishOnEmbedded(EmbeddedBrokerFixture fixture) : PublishSuite(new EmbeddedSuiteBroker(fixture));

public sealed class QueueArgumentsOnEmbedded(EmbeddedBrokerFixture fixture) : QueueArgumentsSuite(new EmbeddedSuiteBroker(fixture));

public sealed class QueueBindOnEmbedded(EmbeddedBrokerFixture fixture) : QueueBindSuite(new EmbeddedSuiteBroker(fixture));

public sealed class QueueDeclareOnEmbedded(EmbeddedBrokerFixture fixture) : QueueDeclareSuite(new EmbeddedSuiteBroker(fixture));

public sealed class QueueDeleteOnEmbedded(EmbeddedBrokerFixture fixture) : QueueDeleteSuite(new EmbeddedSuiteBroker(fixture));

public sealed class RoutingOnEmbedded(EmbeddedBrokerFixture fixture) : RoutingSuite(new EmbeddedSuiteBroker(fixture));
