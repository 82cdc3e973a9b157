using System.Text;
using Warren.Cli.Doctor;
using Warren.Messaging;

namespace Warren.Cli.Tests;

public class ServerVersionTests
{
    [Theory]
    [InlineData("RabbitMQ", "3.9.29", "warn", "older than 3.10")]
    [InlineData("RabbitMQ", "3.10.0", "ok", null)]
    [InlineData("RabbitMQ", "3.13.7", "ok", null)]
    [InlineData("RabbitMQ", "4.3.0-rc.1", "ok", null)]
    [InlineData("RabbitMQ", "5.0.0", "warn", "newer")]
    [InlineData("RabbitMQ", "built by hand", "warn", "tested with RabbitMQ 3.10 to 4.x")]
    [InlineData("LavinMQ", "2.4.1", "warn", "tested with RabbitMQ 3.10 to 4.x")]
    public void A_version_that_Warren_is_not_tested_with_is_a_warning(string product, string version, string status, string? advice)
    {
        var check = new ServerVersion(product, version).Judge(new MessagingOptions()).First();

        Assert.Equal((status, $"{product} {version}"), (check.Status == CheckStatus.Ok ? "ok" : "warn", check.Detail));
        Assert.Contains(advice ?? "", check.Advice ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void RabbitMQ_4_brings_its_own_notes_and_a_smaller_message()
    {
        var checks = new ServerVersion("RabbitMQ", "4.1.0").Judge(new MessagingOptions { MaxMessageBytes = 17 * 1024 * 1024 }).ToList();

        Assert.Equal(["version", "message size", "delivery limit", "transient queues"], checks.Select(check => check.Name));
        Assert.Equal(CheckStatus.Warn, checks[1].Status);
        Assert.Contains("16 MiB", checks[1].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void RabbitMQ_3_takes_larger_messages() =>
        Assert.All(new ServerVersion("RabbitMQ", "3.10.8").Judge(new MessagingOptions { MaxMessageBytes = 128 * 1024 * 1024 }), check => Assert.Equal(CheckStatus.Ok, check.Status));

    [Fact]
    public void A_server_that_says_nothing_of_itself_is_unknown() =>
        Assert.Equal(("?", "4.0"), (
            ServerVersion.From(null).Product,
            ServerVersion.From(new Dictionary<string, object?> { ["version"] = Encoding.UTF8.GetBytes("4.0") }).Version));
}
