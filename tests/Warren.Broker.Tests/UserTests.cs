namespace Warren.Broker.Tests;

public class UserTests
{
    private static User Create(string pattern) => new(
        "ada",
        new() { Password = "x", Permissions = new Dictionary<string, BrokerPermissions> { ["/"] = new() { Configure = pattern, Write = "", Read = ".*" } } },
        loopbackOnly: false);

    [Theory]
    [InlineData(".*", "anything", true)]
    [InlineData("", "anything", false)]
    [InlineData("", "amq.default", false)]
    [InlineData("user", "a.user.created", true)]
    [InlineData("^user", "a.user.created", false)]
    [InlineData("^user", "user.created", true)]
    [InlineData("^(a|b)$", "b", true)]
    [InlineData("^(a|b)$", "ab", false)]
    [InlineData("^(?!secret)", "secrets", false)]
    [InlineData("^(?!secret)", "open", true)]
    [InlineData(@"^amq\.gen.*|amq\.default$", "", true)]
    [InlineData("^q", "Q", false)]
    public void A_pattern_is_found_anywhere_in_a_name_unless_it_is_anchored(string pattern, string name, bool may)
    {
        var user = Create(pattern);

        Assert.Equal(may, user.CanConfigure("/", name));
        // Once more, from memory.
        Assert.Equal(may, user.CanConfigure("/", name));
    }

    [Fact]
    public void Each_verb_has_its_own_pattern_and_a_virtual_host_without_permissions_has_none()
    {
        var user = Create("^a$");

        Assert.Equal((true, false, true), (user.CanConfigure("/", "a"), user.CanWrite("/", "a"), user.CanRead("/", "a")));
        Assert.Equal((false, false, false), (user.CanConfigure("other", "a"), user.CanWrite("other", "a"), user.CanRead("other", "a")));
        Assert.Equal((true, false), (user.CanEnter("/"), user.CanEnter("other")));
    }

    [Fact]
    public void A_user_without_a_list_of_permissions_may_do_everything_everywhere()
    {
        var user = new User("ada", new() { Password = "x" }, loopbackOnly: false);

        Assert.Equal((true, true, true, true), (user.CanEnter("any"), user.CanConfigure("any", "a"), user.CanWrite("any", ""), user.CanRead("any", "a")));
    }

    [Fact]
    public void Permissions_that_are_granted_later_count_at_once()
    {
        var user = Create("^a$");
        Assert.False(user.CanConfigure("/", "b"));

        user.Grant("/", new() { Configure = "b" });
        user.Grant("other", new());

        Assert.Equal((false, true, true), (user.CanConfigure("/", "a"), user.CanConfigure("/", "b"), user.CanEnter("other")));
    }

    [Fact]
    public void Neither_a_thousand_names_nor_a_hostile_pattern_hold_anybody_up()
    {
        var user = Create("^(a+)+$");
        for (var i = 0; i < 5_000; i++)
            Assert.False(user.CanConfigure("/", $"{new string('a', 200)}{i}"));

        Assert.True(user.CanConfigure("/", "aaa"));
    }

    [Fact]
    public void A_pattern_that_cannot_be_decided_in_time_permits_nothing() =>
        Assert.False(Create("^(?=(a+)+b)").CanConfigure("/", new string('a', 200)));
}
