namespace Warren.Broker.Tests.Suite;

public sealed class ConnectionOnEmbedded(EmbeddedBrokerFixture fixture) : ConnectionSuite(new EmbeddedSuiteBroker(fixture));
