using Warren.TestKit;

[assembly: AssemblyFixture(typeof(RabbitMqFixture))]
[assembly: AssemblyFixture(typeof(Warren.Broker.Tests.Suite.EmbeddedBrokerFixture))]
