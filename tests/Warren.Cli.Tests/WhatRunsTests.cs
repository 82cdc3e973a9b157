using Microsoft.Extensions.Configuration;
using Warren.Cli.Serving;

namespace Warren.Cli.Tests;

/// <summary>What runs when, by the settings of messaging: each row for the server, and each setting's source.</summary>
public class WhatRunsTests
{
    private static ServeSettings Read(string settings, params (string Key, string Value)[] flags)
    {
        var values = settings.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => (string?)pair[1]);
        return ServeSettings.Read(
            flags.ToDictionary(flag => flag.Key, flag => (string?)flag.Value), new ConfigurationBuilder().AddInMemoryCollection(values).Build());
    }

    [Theory]
    [InlineData("", "Embedded", null, "default")]
    [InlineData("RABBITMQ_URL=amqp://a/", "External", "amqp://a/", "RABBITMQ_URL")]
    [InlineData("RABBITMQ_HOST=a", "External", "//a", "RABBITMQ_HOST")]
    [InlineData("RABBITMQ_URL=amqp://a/ RABBITMQ_ENABLED=true", "External", "amqp://a/", "RABBITMQ_URL")]
    [InlineData("RABBITMQ_ENABLED=true", "External", "localhost", "RABBITMQ_ENABLED")]
    [InlineData("ENABLE_RABBITMQ=1", "External", "localhost", "ENABLE_RABBITMQ")]
    [InlineData("Warren:Messaging:Enabled=true", "External", "localhost", "Warren:Messaging:Enabled")]
    [InlineData("RABBITMQ_ENABLED=false", "Private", null, "RABBITMQ_ENABLED")]
    [InlineData("RABBITMQ_ENABLED=false RABBITMQ_URL=amqp://a/", "Private", null, "RABBITMQ_ENABLED")]
    [InlineData("RABBITMQ_ENABLED=true Warren:Messaging:Url=amqp://b/ RABBITMQ_URL=amqp://a/", "External", "amqp://b/", "Warren:Messaging:Url")]
    [InlineData("Warren:Broker:Mode=Off RABBITMQ_URL=amqp://a/", "Private", null, "Warren:Broker:Mode")]
    [InlineData("Warren:Broker:Mode=Embedded", "Embedded", null, "Warren:Broker:Mode")]
    [InlineData("Warren:Broker:Mode=External RABBITMQ_URL=amqp://a/", "External", "amqp://a/", "RABBITMQ_URL")]
    [InlineData("RABBITMQ_HOST=a RABBITMQ_PORT=tcp://10.0.0.1:5672", "External", "//a", "RABBITMQ_HOST")]
    public void The_settings_of_messaging_choose_the_broker(string settings, string kind, string? url, string chosenBy)
    {
        var broker = Read(settings).Broker;

        Assert.Equal((Enum.Parse<BrokerKind>(kind), url is null), (broker.Kind, broker.Url is null));
        Assert.Contains(url ?? "", broker.Url ?? "", StringComparison.Ordinal);
        Assert.Contains(chosenBy, broker.ChosenBy, StringComparison.Ordinal);
        Assert.Null(broker.Note);
    }

    [Fact]
    public void A_flag_stands_above_the_environment()
    {
        var settings = Read("RABBITMQ_URL=amqp://a/ RABBITMQ_ENABLED=false WARREN_DATABASE=sqlite:/a.db", ("Warren:Messaging:Url", "amqp://flag/"), ("Warren:Messaging:Enabled", "true"), ("Warren:Store:Url", "sqlite:/flag.db"));

        Assert.Equal((BrokerKind.External, "amqp://flag/", "--broker"), (settings.Broker.Kind, settings.Broker.Url, settings.Broker.ChosenBy));
        Assert.Equal(("sqlite:/flag.db", "--store"), settings.Store);
    }

    [Fact]
    public void The_private_broker_listens_on_a_free_port_with_a_password_of_its_own()
    {
        var settings = Read("RABBITMQ_ENABLED=false");

        var options = settings.Broker.Options(settings.Reader, "data")!;

        Assert.Equal(["127.0.0.1:0"], options.Listen);
        Assert.Equal(32, Assert.Single(options.Users).Value.Password.Length);
    }
}
