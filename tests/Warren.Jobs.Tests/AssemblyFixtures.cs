using Warren.Jobs.Tests;
using Warren.TestKit;

[assembly: AssemblyFixture(typeof(Brokers))]
[assembly: AssemblyFixture(typeof(RabbitMqFixture))]
