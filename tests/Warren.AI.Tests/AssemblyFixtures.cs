using Warren.TestKit;

[assembly: AssemblyFixture(typeof(RabbitMqFixture))]
