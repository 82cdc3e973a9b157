using Warren.TestKit;

[assembly: AssemblyFixture(typeof(RabbitMqFixture))]
[assembly: Trait("Category", "Service")]
