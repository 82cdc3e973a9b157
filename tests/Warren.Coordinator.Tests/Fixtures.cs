using Warren.TestKit;

[assembly: AssemblyFixture(typeof(PostgresFixture))]
