using System.Net;
using Warren.AI.Guard;

namespace Warren.AI.Tests.Guard;

/// <summary>The entries of an allow-list, and the URLs they stand for.</summary>
public class HostRuleTests
{
    [Theory]
    [InlineData("files.example.com", "https://files.example.com/a.mp3", true)]
    [InlineData("files.example.com", "http://files.example.com/a.mp3", true)]
    [InlineData("files.example.com", "https://FILES.Example.COM/a.mp3", true)]
    [InlineData("Files.Example.com", "https://files.example.com./a.mp3", true)]
    [InlineData("files.example.com", "https://files.example.com:443/a.mp3", true)]
    [InlineData("files.example.com", "https://files.example.com:8443/a.mp3", false)]
    [InlineData("files.example.com", "https://files.example.com:80/a.mp3", false)]
    [InlineData("files.example.com", "https://example.com/a.mp3", false)]
    [InlineData("files.example.com", "https://a.files.example.com/a.mp3", false)]
    [InlineData("files.example.com", "https://files.example.com.evil.net/a.mp3", false)]
    [InlineData("files.example.com:8080", "http://files.example.com:8080/a.mp3", true)]
    [InlineData("files.example.com:8080", "http://files.example.com/a.mp3", false)]
    [InlineData("files.example.com:80", "http://files.example.com/a.mp3", true)]
    [InlineData("files.example.com:80", "https://files.example.com/a.mp3", false)]
    [InlineData("*.example.com", "https://a.example.com/x", true)]
    [InlineData("*.example.com", "https://a.b.example.com/x", true)]
    [InlineData("*.example.com", "https://example.com/x", false)]
    [InlineData("*.example.com", "https://badexample.com/x", false)]
    [InlineData("*.example.com:9000", "http://a.example.com:9000/x", true)]
    [InlineData("127.0.0.1:9000", "http://127.0.0.1:9000/x", true)]
    [InlineData("127.0.0.1:9000", "http://127.0.0.1:9001/x", false)]
    [InlineData("127.0.0.1:9000", "http://localhost:9000/x", false)]
    [InlineData("127.0.0.1", "http://2130706433/x", true)]
    [InlineData("127.0.0.1", "http://0177.0.0.1/x", true)]
    [InlineData("127.0.0.2", "http://0x7f.1/x", false)]
    [InlineData("[::1]:9000", "http://[::1]:9000/x", true)]
    [InlineData("::1", "http://[0:0:0:0:0:0:0:1]/x", true)]
    [InlineData("::1", "http://127.0.0.1/x", false)]
    [InlineData("bücher.example", "https://xn--bcher-kva.example/x", true)]
    public void A_rule_stands_for_its_host_and_port(string rule, string url, bool matches)
    {
        Assert.True(HostRule.TryParse(rule, out var parsed, out var problem), problem);

        Assert.Equal(matches, parsed.Matches(new Uri(url)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("*")]
    [InlineData("*.")]
    [InlineData("*.*.example.com")]
    [InlineData("a.*.com")]
    [InlineData("*.127.0.0.1")]
    [InlineData("https://files.example.com")]
    [InlineData("files.example.com/audio")]
    [InlineData("user@files.example.com")]
    [InlineData("files.example.com:port")]
    [InlineData("files.example.com:99999")]
    [InlineData("files example.com")]
    public void What_is_no_host_is_told(string rule)
    {
        Assert.False(HostRule.TryParse(rule, out _, out var problem));
        Assert.Contains($"'{rule}'", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.0.0.5", "10.0.0.5", true)]
    [InlineData("10.0.0.5", "10.0.0.6", false)]
    [InlineData("localhost:9000", "127.0.0.1", true)]
    [InlineData("localhost", "::1", true)]
    [InlineData("localhost", "10.0.0.5", false)]
    [InlineData("*.localhost", "127.0.0.1", false)]
    [InlineData("files.example.com", "127.0.0.1", false)]
    public void Only_an_address_or_localhost_names_an_address_on_purpose(string rule, string address, bool names)
    {
        Assert.True(HostRule.TryParse(rule, out var parsed, out _));

        Assert.Equal(names, parsed.Names(IPAddress.Parse(address)));
    }
}
