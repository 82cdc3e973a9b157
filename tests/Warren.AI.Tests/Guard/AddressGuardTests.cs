using System.Net;
using Warren.AI.Guard;
using Warren.Jobs;

namespace Warren.AI.Tests.Guard;

/// <summary>What is fetched, and what is refused before a single packet is sent.</summary>
public class AddressGuardTests
{
    [Theory]
    [InlineData("", "not a URL")]
    [InlineData("files.example.com/a.mp3", "not a URL")]
    [InlineData("//files.example.com/a.mp3", "not a URL|begins with")]
    [InlineData("/etc/passwd", "not a URL|begins with")]
    [InlineData("file:///etc/passwd", "begins with file:")]
    [InlineData("ftp://files.example.com/a.mp3", "begins with ftp:")]
    [InlineData("gopher://files.example.com/", "begins with gopher:")]
    [InlineData("data:audio/wav;base64,AAAA", "begins with data:")]
    [InlineData("http:\\\\files.example.com\\a.mp3", "not a URL")]
    [InlineData("https://files.example.com\\@127.0.0.1/", "not a URL")]
    [InlineData("https://files.example.com/a b.mp3", "not a URL")]
    [InlineData("https://files.example.com/\r\nHost: x", "not a URL")]
    [InlineData("https://user@files.example.com/a.mp3", "user name")]
    [InlineData("https://user:secret@files.example.com/a.mp3", "user name")]
    [InlineData("https://files.example.com@127.0.0.1/a.mp3", "user name")]
    [InlineData("https://evil.example.net/a.mp3", "not in Warren:Grading:AudioHosts")]
    [InlineData("https://files.example.com:22/a.mp3", "port 22")]
    [InlineData("http://127.0.0.1/", "127.0.0.1, port 80, is not in")]
    [InlineData("http://2130706433/", "127.0.0.1, port 80, is not in")]
    [InlineData("http://017700000001/", "127.0.0.1, port 80, is not in")]
    [InlineData("http://0x7f000001/", "127.0.0.1, port 80, is not in")]
    [InlineData("http://127.1/", "127.0.0.1, port 80, is not in")]
    [InlineData("http://[::ffff:127.0.0.1]/", "::ffff:127.0.0.1, port 80, is not in")]
    [InlineData("http://[::1]/", "::1, port 80, is not in")]
    [InlineData("http://localhost/", "localhost, port 80, is not in")]
    public void What_is_not_allowed_is_refused_with_the_rule(string url, string rule)
    {
        var guard = new AddressGuard(["files.example.com"]);

        var refused = Assert.Throws<JobFailedException>(() => guard.Check(url));

        Assert.Equal(("audio_refused", FailureCause.Invalid), (refused.Code, refused.Cause));
        Assert.Contains(rule.Split('|'), part => refused.Message.Contains(part, StringComparison.Ordinal));
    }

    [Fact]
    public void A_url_of_nine_thousand_characters_is_refused() =>
        Assert.Contains("8192", Assert.Throws<JobFailedException>(() => new AddressGuard(["a.example"]).Check($"https://a.example/{new string('x', 9000)}")).Message, StringComparison.Ordinal);

    [Fact]
    public void Without_an_allow_list_nothing_is_fetched() =>
        Assert.Contains("is empty", Assert.Throws<JobFailedException>(() => new AddressGuard([]).Check("https://files.example.com/a.mp3")).Message, StringComparison.Ordinal);

    [Fact]
    public void An_entry_that_is_no_host_is_told() => Assert.Throws<FormatException>(() => new AddressGuard(["https://files.example.com"]));

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("8.8.8.8", "192.168.0.1")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("2606:4700::1111", "fd00::1")]
    public async Task A_name_of_which_one_address_is_private_is_refused(params string[] addresses)
    {
        var guard = new AddressGuard(["files.example.com"], Resolver(addresses));

        var refused = await Assert.ThrowsAsync<JobFailedException>(() => guard.ResolveAsync(new Uri("https://files.example.com/a.mp3"), TestContext.Current.CancellationToken));

        Assert.Equal("audio_refused", refused.Code);
        Assert.Contains($"{addresses[^1]}, which is not public", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_addresses_of_a_public_name_are_taken()
    {
        var guard = new AddressGuard(["files.example.com"], Resolver("8.8.8.8", "2606:4700::1111"));

        var addresses = await guard.ResolveAsync(new Uri("https://files.example.com/a.mp3"), TestContext.Current.CancellationToken);

        Assert.Equal(["8.8.8.8", "2606:4700::1111"], addresses.Select(address => address.ToString()));
    }

    [Fact]
    public async Task A_private_address_is_taken_when_it_is_named_itself()
    {
        var guard = new AddressGuard(["10.0.0.5:9000", "*.example.com:9000"], Resolver("10.0.0.5"));
        var cancellation = TestContext.Current.CancellationToken;

        Assert.Equal(IPAddress.Parse("10.0.0.5"), Assert.Single(await guard.ResolveAsync(new Uri("http://10.0.0.5:9000/a.mp3"), cancellation)));
        // A name that leads there was not named.
        await Assert.ThrowsAsync<JobFailedException>(() => guard.ResolveAsync(new Uri("http://files.example.com:9000/a.mp3"), cancellation));
    }

    [Theory]
    [InlineData("https://files.example.com/b.mp3")]
    [InlineData("/b.mp3")]
    [InlineData("b.mp3?x=1")]
    public void A_redirect_within_the_rules_is_followed(string location) =>
        Assert.Equal("files.example.com", new AddressGuard(["files.example.com"]).CheckRedirect(new Uri("https://files.example.com/a.mp3"), new Uri(location, UriKind.RelativeOrAbsolute)).Host);

    [Theory]
    [InlineData("http://files.example.com/b.mp3", "https to http")]
    [InlineData("//evil.example.net/b.mp3", "not in")]
    [InlineData("file:///etc/passwd", "begins with file:")]
    [InlineData("https://files.example.com:8080/", "port 8080")]
    public void Any_other_redirect_is_refused(string location, string rule)
    {
        var refused = Assert.Throws<JobFailedException>(() =>
            new AddressGuard(["files.example.com"]).CheckRedirect(new Uri("https://files.example.com/a.mp3"), new Uri(location, UriKind.RelativeOrAbsolute)));

        Assert.Contains(rule, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_follows_the_path_is_not_told() =>
        Assert.Equal("https://files.example.com/a.mp3", AddressGuard.Describe(new Uri("https://files.example.com/a.mp3?signature=secret#part")));

    private static HostResolver Resolver(params string[] addresses) => (_, _) => Task.FromResult(addresses.Select(IPAddress.Parse).ToArray());
}
