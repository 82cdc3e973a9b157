[assembly: AssemblyFixture(typeof(Warren.TestKit.RabbitMqFixture))]
