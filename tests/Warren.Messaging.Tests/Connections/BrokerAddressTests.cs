using Warren.Messaging.Connections;

namespace Warren.Messaging.Tests.Connections;

public class BrokerAddressTests
{
    [Theory]
    [InlineData("amqp://broker", "broker:5672, virtual host \"/\", user guest")]
    [InlineData("amqp://broker/", "broker:5672, virtual host \"/\", user guest")]
    [InlineData("amqp://broker//", "broker:5672, virtual host \"/\", user guest")]
    [InlineData("amqp://guest:guest@localhost:5672//", "localhost:5672, virtual host \"/\", user guest")]
    [InlineData("amqp://broker/%2F", "broker:5672, virtual host \"/\", user guest")]
    [InlineData("amqp://broker/%2f", "broker:5672, virtual host \"/\", user guest")]
    [InlineData("amqp://broker/prod", "broker:5672, virtual host \"prod\", user guest")]
    [InlineData("amqp://broker/a%2Fb", "broker:5672, virtual host \"a/b\", user guest")]
    [InlineData("amqp://broker/%2Fprod", "broker:5672, virtual host \"/prod\", user guest")]
    [InlineData("amqp://broker/caf%C3%A9%20au+lait", "broker:5672, virtual host \"café au+lait\", user guest")]
    [InlineData("amqp://broker/é%2B", "broker:5672, virtual host \"é+\", user guest")]
    [InlineData("AMQPS://broker", "broker:5671, virtual host \"/\", user guest")]
    [InlineData("amqps://broker:443/", "broker:443, virtual host \"/\", user guest")]
    [InlineData("amqp://ada@broker", "broker:5672, virtual host \"/\", user ada")]
    [InlineData("amqp://a,b:5673,c", "a:5672,b:5673,c:5672, virtual host \"/\", user guest")]
    [InlineData("amqp://ada:pw@a, b,c/v", "a:5672,b:5672,c:5672, virtual host \"v\", user ada")]
    [InlineData("amqp://[::1]", "[::1]:5672, virtual host \"/\", user guest")]
    [InlineData("amqp://[fe80::1%25eth0]:5673,10.0.0.1/", "[fe80::1%eth0]:5673,10.0.0.1:5672, virtual host \"/\", user guest")]
    [InlineData("amqp://rabbit_mq:/", "rabbit_mq:5672, virtual host \"/\", user guest")]
    [InlineData("  amqp://broker\n", "broker:5672, virtual host \"/\", user guest")]
    public void A_url_is_read(string url, string expected) => Assert.Equal(expected, BrokerAddress.Parse(url).ToString());

    [Theory]
    [InlineData("amqp://broker", "guest", "guest")]
    [InlineData("amqp://ada@broker", "ada", "guest")]
    [InlineData("amqp://ada:@broker", "ada", "")]
    [InlineData("amqp://ada:pw@broker", "ada", "pw")]
    [InlineData("amqp://ada:p%40s%3As%2F%25@broker", "ada", "p@s:s/%")]
    [InlineData("amqp://ada:p:q@broker", "ada", "p:q")]
    [InlineData("amqp://ada:p#q,r@broker/v", "ada", "p#q,r")]
    [InlineData("amqp://a%3Ab:pw@broker", "a:b", "pw")]
    [InlineData("amqp://ada:+%F0%9F%90%87🐇@broker", "ada", "+🐇🐇")]
    public void User_and_password_are_decoded(string url, string user, string password)
    {
        var address = BrokerAddress.Parse(url);
        Assert.Equal((user, password), (address.User, address.Password));
        Assert.Equal("broker", Assert.Single(address.Hosts).Host);
    }

    [Theory]
    [InlineData("amqp://broker", false)]
    [InlineData("amqps://broker", true)]
    public void The_scheme_says_whether_TLS_is_used(string url, bool tls) => Assert.Equal(tls, BrokerAddress.Parse(url).Tls);

    [Fact]
    public void An_IPv6_host_is_kept_without_brackets() => Assert.Equal([("::1", 5673)], BrokerAddress.Parse("amqp://[::1]:5673").Hosts);

    [Fact]
    public void Heartbeat_and_connection_timeout_may_stand_in_the_query()
    {
        var address = BrokerAddress.Parse("amqp://broker?heartbeat=15&connection_timeout=2500");
        Assert.Equal(TimeSpan.FromSeconds(15), address.Heartbeat);
        Assert.Equal(TimeSpan.FromSeconds(2.5), address.ConnectTimeout);
        Assert.Equal("/", address.VirtualHost);
    }

    [Theory]
    [InlineData("amqp://broker/?heartbeat=15&connection_timeout=2500", 15, 2.5)]
    [InlineData("amqp://broker/", 30, 30)]
    public void What_the_query_says_wins_over_the_settings(string url, int heartbeat, double connectTimeout)
    {
        var options = new MessagingOptions();
        BrokerAddress.Parse(url).ApplyTo(options);
        Assert.Equal((TimeSpan.FromSeconds(heartbeat), TimeSpan.FromSeconds(connectTimeout)), (options.Heartbeat, options.ConnectTimeout));
    }

    [Theory]
    [InlineData("", "does not begin with amqp://")]
    [InlineData("broker:5672", "does not begin with amqp://")]
    [InlineData("guest:s3cret@broker", "does not begin with amqp://")]
    [InlineData("amqp:/ada:s3cret@broker", "does not begin with amqp://")]
    [InlineData("ada:s3cret://broker", "does not begin with amqp://")]
    [InlineData("http://ada:s3cret@broker", "begins with http://")]
    [InlineData("amqp://", "empty host name")]
    [InlineData("amqp:///v", "empty host name")]
    [InlineData("amqp://ada:s3cret@", "empty host name")]
    [InlineData("amqp://a,,b", "empty host name")]
    [InlineData("amqp://a,b,", "empty host name")]
    [InlineData("amqp://:5672", "empty host name")]
    [InlineData("amqp://a b", "host name with characters")]
    [InlineData("amqp://ada:s3cret", "no port number behind 'ada:'")]
    [InlineData("amqp://broker:0", "no port number behind 'broker:'")]
    [InlineData("amqp://broker:65536", "no port number behind 'broker:'")]
    [InlineData("amqp://broker:-1", "no port number behind 'broker:'")]
    [InlineData("amqp://ada:s3cret@a@b", "more than one '@'")]
    [InlineData("amqp://ada:s3cret@a,ada:s3cret@b", "more than one '@'")]
    [InlineData("amqp://ada:s3/cret@broker", "has an '@' behind its first '/'")]
    [InlineData("amqp://ada:s3?cret@broker", "has an '@' behind its first '/'")]
    [InlineData("amqp://:s3cret@broker", "no user before its '@'")]
    [InlineData("amqp://ada:s3cret%@broker", "two hexadecimal digits in its password")]
    [InlineData("amqp://ada:s3cret%4@broker", "two hexadecimal digits in its password")]
    [InlineData("amqp://ada:s3cret%zz@broker", "two hexadecimal digits in its password")]
    [InlineData("amqp://ada:s3cret%FF@broker", "not UTF-8")]
    [InlineData("amqp://::1/", "empty host name")]
    [InlineData("amqp://fe80::1/", "IPv6 address is written in brackets")]
    [InlineData("amqp://[::1", "begins no IPv6 address")]
    [InlineData("amqp://[broker]", "begins no IPv6 address")]
    [InlineData("amqp://[127.0.0.1]", "begins no IPv6 address")]
    [InlineData("amqp://[::1]5672", "begins no IPv6 address")]
    [InlineData("amqp://broker/a/b", "more than one '/'")]
    [InlineData("amqp://broker//prod", "more than one '/'")]
    [InlineData("amqp://broker///", "more than one '/'")]
    [InlineData("amqp://broker/a#b", "has a '#'")]
    [InlineData("amqp://broker/?verify=none", "unknown query parameter 'verify'")]
    [InlineData("amqp://broker/?heartbeat=0", "heartbeat=0; expected 1 to 3600 seconds")]
    [InlineData("amqp://broker/?heartbeat", "heartbeat=; expected 1 to 3600 seconds")]
    [InlineData("amqp://broker/?connection_timeout=5s", "connection_timeout=5s; expected 100 to 600000 milliseconds")]
    public void A_bad_url_is_refused_in_words_without_the_password(string url, string expected)
    {
        var error = Assert.Throws<ArgumentException>(() => BrokerAddress.Parse(url));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("cret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_virtual_host_has_at_most_255_bytes()
    {
        Assert.Equal(255, BrokerAddress.Parse("amqp://broker/" + new string('v', 255)).VirtualHost.Length);
        Assert.Throws<ArgumentException>(() => BrokerAddress.Parse("amqp://broker/" + new string('v', 256)));
    }

    [Fact]
    public void No_text_of_an_address_holds_the_password()
    {
        var address = BrokerAddress.Parse("amqp://ada:s3cret@broker/v");
        Assert.DoesNotContain("s3cret", address.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", $"{address}", StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", (address with { VirtualHost = "w" }).ToString(), StringComparison.Ordinal);
    }
}
