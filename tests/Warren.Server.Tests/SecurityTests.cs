using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Warren.Server.Api;
using Warren.Server.Security;

namespace Warren.Server.Tests;

/// <summary>Who is let in, and who is not.</summary>
public class SecurityTests
{
    private const string AdminKey = "a-key-of-the-settings";

    [Fact]
    public async Task Without_keys_this_machine_may_do_everything()
    {
        await using var house = await ServerHouse.StartAsync();

        Assert.Empty((await house.GetJsonAsync("v1/keys")).GetProperty("keys").EnumerateArray());
    }

    [Fact]
    public async Task With_a_key_in_the_settings_everybody_needs_one()
    {
        await using var house = await ServerHouse.StartAsync(options => options.AdminKey = AdminKey);

        using var response = await house.GetAsync("v1/jobs");
        Assert.Equal("Bearer", response.Headers.WwwAuthenticate.Single().Scheme);
        await ServerHouse.ProblemAsync(response, 401, "key_required");
        await ServerHouse.ProblemAsync(await house.GetAsync("v1/nothing"), 401, "key_required");
        await house.GetJsonAsync("v1/jobs", ("Authorization", $"Bearer {AdminKey}"));
        await house.GetJsonAsync("health");
    }

    [Theory]
    [InlineData("Bearer nonsense")]
    [InlineData("Bearer wrn_0123456789ab_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("Bearer a-key-of-the-settingsx")]
    [InlineData("Bearer ")]
    [InlineData("Basic YTpi")]
    public async Task A_key_that_is_not_valid_is_refused(string header)
    {
        await using var house = await ServerHouse.StartAsync(options => options.AdminKey = AdminKey);

        await ServerHouse.ProblemAsync(await house.GetAsync("v1/jobs", ("Authorization", header)), 401, "key_invalid");
    }

    [Fact]
    public async Task A_key_is_shown_once_works_until_it_is_revoked_and_is_kept_as_a_hash()
    {
        await using var house = await ServerHouse.StartAsync();
        using var created = await house.PostAsync("v1/keys", """{"name": "tools", "role": "admin"}""");
        var key = await ServerHouse.JsonAsync(created, HttpStatusCode.Created);
        var authorization = ("Authorization", $"Bearer {key.GetProperty("key").GetString()}");

        await ServerHouse.ProblemAsync(await house.GetAsync("v1/keys"), 401, "key_required");
        var listed = await house.GetJsonAsync("v1/keys", authorization);
        Assert.DoesNotContain(key.GetProperty("key").GetString()!, listed.GetRawText(), StringComparison.Ordinal);
        var stored = Assert.Single(await house.Coordinator.Store.ListKeysAsync(default));
        Assert.Equal(32, stored.Hash.Length);

        await ServerHouse.ProblemAsync(await house.PostAsync("v1/keys", """{"name": "tools", "role": "viewer"}""", authorization), 409, "key_name_taken");
        using var revoked = await house.SendAsync(HttpMethod.Delete, "v1/keys/tools", null, authorization);
        Assert.Equal("tools", (await ServerHouse.JsonAsync(revoked)).GetProperty("name").GetString());
        await ServerHouse.ProblemAsync(await house.GetAsync("v1/keys", authorization), 401, "key_invalid");
        await ServerHouse.ProblemAsync(await house.SendAsync(HttpMethod.Delete, "v1/keys/tools", null), 404, "key_not_found");

        var audit = await house.Coordinator.Store.ListAuditAsync(10, default);
        Assert.Equal(["key.revoke by tools", "key.create by tools", "key.create by loopback 127.0.0.1"], audit.Select(entry => $"{entry.Action} by {entry.Actor}"));
    }

    [Theory]
    [InlineData("""{"role": "viewer"}""", "/name")]
    [InlineData("""{"name": "", "role": "viewer"}""", "/name")]
    [InlineData("""{"name": " a", "role": "viewer"}""", "/name")]
    [InlineData("""{"name": "settings", "role": "viewer"}""", "/name")]
    [InlineData("""{"name": "a", "role": "root"}""", "/role")]
    [InlineData("""{"name": "a"}""", "/role")]
    public async Task A_key_without_a_name_or_role_is_not_made(string body, string place)
    {
        await using var house = await ServerHouse.StartAsync();

        Assert.Equal(place, (await ServerHouse.ProblemAsync(await house.PostAsync("v1/keys", body), 400, "invalid_request")).GetProperty("pointer").GetString());
    }

    [Fact]
    public async Task Each_route_is_open_to_its_role_and_closed_to_the_one_below()
    {
        await using var house = await ServerHouse.StartAsync(options => options.AdminKey = AdminKey);
        var keys = new Dictionary<Role, (string, string)>();
        foreach (var role in Enum.GetValues<Role>())
        {
            using var created = await house.PostAsync("v1/keys", $$"""{"name": "{{role}}", "role": "{{Roles.Name(role)}}"}""", ("Authorization", $"Bearer {AdminKey}"));
            keys[role] = ("Authorization", $"Bearer {(await ServerHouse.JsonAsync(created, HttpStatusCode.Created)).GetProperty("key").GetString()}");
        }

        foreach (var route in ApiRoutes.All.Where(route => route.Role is not null))
        {
            var path = ApiRoutes.PathParameter().Replace(route.Pattern, "none");
            var body = route.Method == "POST" ? "[" : null;
            using var allowed = await house.SendAsync(new(route.Method), path, body, keys[route.Role!.Value]);
            Assert.True((int)allowed.StatusCode is not (401 or 403 or 500), $"{route.Method} {path} answers {(int)allowed.StatusCode}.");
            if (route.Role > Role.Viewer)
                await ServerHouse.ProblemAsync(await house.SendAsync(new(route.Method), path, body, keys[route.Role.Value - 1]), 403, "role_required");
        }
    }

    [Fact]
    public async Task A_key_that_asks_too_often_is_slowed_down()
    {
        await using var house = await ServerHouse.StartAsync(options => (options.AdminKey, options.RateLimit) = (AdminKey, 1));

        // So many that a minute would not do for them, however slow the machine is.
        var responses = await Task.WhenAll(Enumerable.Range(0, 80).Select(_ => house.GetAsync("v1/kinds", ("Authorization", $"Bearer {AdminKey}"))));

        var refused = responses.First(response => response.StatusCode == HttpStatusCode.TooManyRequests);
        Assert.NotNull(refused.Headers.RetryAfter?.Delta);
        await ServerHouse.ProblemAsync(refused, 429, "rate_limited");
        Assert.Contains(responses, response => response.StatusCode == HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("warren.evil.example", 403)]
    [InlineData("127.0.0.1.evil.example:80", 403)]
    [InlineData("localhost", 200)]
    [InlineData("LOCALHOST:5", 200)]
    [InlineData("127.0.0.1", 200)]
    [InlineData("[::1]:80", 200)]
    [InlineData("warren.good.example:8080", 200)]
    public async Task Only_known_names_of_the_server_are_served(string host, int status)
    {
        await using var house = await ServerHouse.StartAsync(options => options.AllowedHosts = ["warren.good.example"]);

        using var response = await house.GetAsync("v1/jobs", ("Host", host));

        if (status != 200)
            await ServerHouse.ProblemAsync(response, status, "host_refused");
        else
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("null")]
    [InlineData("http://localhost:1")]
    public async Task Pages_of_other_sites_are_refused(string origin)
    {
        await using var house = await ServerHouse.StartAsync();

        await ServerHouse.ProblemAsync(await house.PostAsync("v1/jobs/text.stats", "{}", ("Origin", origin)), 403, "origin_refused");
        await ServerHouse.ProblemAsync(await house.GetAsync("v1/jobs", ("Origin", origin)), 403, "origin_refused");
        await ServerHouse.ProblemAsync(await house.GetAsync("health", ("Origin", origin)), 403, "origin_refused");
    }

    [Fact]
    public async Task A_page_of_the_server_itself_is_served()
    {
        await using var house = await ServerHouse.StartAsync();

        await house.GetJsonAsync("v1/jobs", ("Origin", house.Http.BaseAddress!.GetLeftPart(UriPartial.Authority)));
    }

    [Theory]
    [InlineData("10.0.0.7", false)]
    [InlineData("::ffff:10.0.0.7", false)]
    [InlineData("127.8.9.1", true)]
    [InlineData("::1", true)]
    [InlineData("::ffff:127.0.0.1", true)]
    [InlineData(null, false)]
    public async Task Without_keys_only_this_machine_is_served(string? address, bool isServed)
    {
        await using var house = await ServerHouse.StartAsync();
        var http = new DefaultHttpContext();
        http.Request.Host = new("localhost");
        http.Connection.RemoteIpAddress = address is null ? null : IPAddress.Parse(address);
        // What anybody may write into a request counts for nothing.
        if (!isServed)
            http.Request.Headers["X-Forwarded-For"] = "127.0.0.1";
        var guard = house.App.Services.GetRequiredService<RequestGuard>();

        var admitting = guard.AdmitAsync(http, Role.Viewer).AsTask();

        if (isServed)
            Assert.Equal(Role.Admin, (await admitting).Role);
        else
            Assert.Equal("loopback_only", (await Assert.ThrowsAsync<ProblemException>(() => admitting)).Problem.Code);
    }

    [Fact]
    public async Task Who_comes_through_a_proxy_of_this_machine_is_not_on_this_machine()
    {
        await using var house = await ServerHouse.StartAsync();

        await ServerHouse.ProblemAsync(await house.GetAsync("v1/jobs", ("X-Forwarded-For", "10.0.0.7")), 403, "loopback_only");
    }

    [Fact]
    public async Task A_server_that_others_reach_does_not_start_without_keys()
    {
        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => ServerHouse.StartAsync(options => options.Listen = "*:8080"));

        Assert.Contains("Warren:Server:Listen is *:8080, which other machines reach, and there is no API key", error.Message, StringComparison.Ordinal);
        await using var house = await ServerHouse.StartAsync(options => (options.Listen, options.AdminKey) = ("*:8080", AdminKey));
    }

    [Theory]
    [InlineData("Listen", "Warren:Server:Listen is 'here'; expected ADDRESS:PORT")]
    [InlineData("AdminKey", "Warren:Server:AdminKey has 5 characters; at least 16 were expected")]
    [InlineData("AllowedHosts", "Warren:Server:AllowedHosts has 'a.example:80'")]
    [InlineData("RateLimit", "RateLimit")]
    [InlineData("AdminKeyFile", "there is no such file")]
    [InlineData("Management", "this version has no management API")]
    public async Task Settings_that_are_wrong_stop_the_start(string setting, string message)
    {
        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => ServerHouse.StartAsync(options =>
        {
            switch (setting)
            {
                case "Listen": options.Listen = "here"; break;
                case "AdminKey": options.AdminKey = "short"; break;
                case "AllowedHosts": options.AllowedHosts = ["a.example:80"]; break;
                case "RateLimit": options.RateLimit = -1; break;
                case "Management": options.Management = true; break;
                case "AdminKeyFile": options.AdminKeyFile = "/nowhere/at/all"; break;
            }
        }));

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }
}
