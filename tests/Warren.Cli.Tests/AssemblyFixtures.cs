using Warren.Cli.Tests;
using Warren.TestKit;

[assembly: AssemblyFixture(typeof(RabbitMqFixture))]
[assembly: AssemblyFixture(typeof(ServerFixture))]
