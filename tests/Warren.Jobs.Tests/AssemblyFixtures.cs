using Warren.Jobs.Tests;

[assembly: AssemblyFixture(typeof(Brokers))]
