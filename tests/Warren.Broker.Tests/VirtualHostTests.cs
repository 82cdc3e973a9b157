using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;
using Warren.Broker.Tests.Storage;

namespace Warren.Broker.Tests;

/// <summary>Virtual hosts that come and go while others use them.</summary>
public sealed class VirtualHostTests : IDisposable
{
    private readonly LogDirectory _directory = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_command_that_comes_behind_the_deletion_of_its_virtual_host_brings_nothing_back()
    {
        await using (var engine = Engine.Open(new() { Data = _directory.Path }))
        {
            await engine.CreateHostAsync("gone", Token);
            var host = engine.FindHost("gone")!;
            Assert.True(await engine.DeleteHostAsync("gone", Token));

            // A connection that had read it before it was told to close.
            var queue = Assert.Throws<AmqpException>(() => host.Run(() => host.DeclareQueue(
                new QueueDeclare("q", Passive: false, Durable: true, Exclusive: false, AutoDelete: false, NoWait: false, FieldTable.Empty), new object())));
            var exchange = Assert.Throws<AmqpException>(() => host.Run(() => host.DeclareExchange(
                new ExchangeDeclare("x", "fanout", Passive: false, Durable: true, AutoDelete: false, Internal: false, NoWait: false, FieldTable.Empty))));
            Assert.All([queue, exchange], error => Assert.Equal("CONNECTION_FORCED - vhost 'gone' is deleted", error.Message));
        }

        await using var again = Engine.Open(new() { Data = _directory.Path });
        Assert.Equal(["/"], again.Hosts.Select(host => host.Name));
    }

    [Fact]
    public async Task A_virtual_host_that_is_made_while_its_namesake_is_deleted_is_there_after_a_restart_if_it_was_before()
    {
        const int Rounds = 200;
        List<string> there;
        await using (var engine = Engine.Open(new() { Data = _directory.Path }))
        {
            for (var round = 0; round < Rounds; round++)
            {
                var name = $"{round:000}";
                await engine.CreateHostAsync(name, Token);
                using var together = new Barrier(2);
                await Task.WhenAll(
                    Task.Factory.StartNew(
                        () =>
                        {
                            together.SignalAndWait(Token);
                            return engine.DeleteHostAsync(name, Token);
                        },
                        Token, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap(),
                    Task.Factory.StartNew(
                        () =>
                        {
                            together.SignalAndWait(Token);
                            return engine.CreateHostAsync(name, Token);
                        },
                        Token, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap());
            }

            there = [.. engine.Hosts.Select(host => host.Name).Order(StringComparer.Ordinal)];
        }

        await using var again = Engine.Open(new() { Data = _directory.Path });
        Assert.Equal(there, again.Hosts.Select(host => host.Name).Order(StringComparer.Ordinal));
    }
}
