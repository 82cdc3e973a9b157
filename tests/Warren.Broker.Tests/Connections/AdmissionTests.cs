using System.Net;
using System.Text;
using Warren.Broker.Connections;
using Warren.Broker.Protocol;

namespace Warren.Broker.Tests.Connections;

public class AdmissionTests
{
    private static readonly ConnectionEnds FromHere = Ends("127.0.0.1", "127.0.0.1");

    private static ConnectionEnds Ends(string remote, string local) => new(new(IPAddress.Parse(remote), 40_000), new(IPAddress.Parse(local), 5672), IsEncrypted: false);

    private static Admission Create(BrokerOptions? options = null) =>
        new(options ?? new(), new(options ?? new()), name => name == "/");

    private static byte[] Plain(string user, string password) => Encoding.UTF8.GetBytes($"\0{user}\0{password}");

    [Theory]
    [InlineData("192.0.2.7", "192.0.2.1")]
    [InlineData("2001:db8::7", "2001:db8::1")]
    [InlineData("::ffff:192.0.2.7", "::ffff:192.0.2.1")]
    public void Guest_is_refused_from_other_hosts(string remote, string local)
    {
        var refusal = Assert.Throws<LoginRefusedException>(() => Create().LogIn("PLAIN", Plain("guest", "guest"), Ends(remote, local)));

        Assert.Equal("PLAIN login refused: user 'guest' can only connect via localhost", refusal.Message);
        Assert.Equal(
            (ReplyCode.AccessRefused, "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile."),
            (refusal.Answer.Code, refusal.Answer.Message));
    }

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("127.0.0.1", "127.8.0.1")]
    [InlineData("::1", "::1")]
    [InlineData("::ffff:127.0.0.1", "::ffff:127.0.0.1")]
    public void Guest_is_let_in_from_this_machine(string remote, string local) =>
        Assert.Equal("guest", Create().LogIn("PLAIN", Plain("guest", "guest"), Ends(remote, local)).Name);

    [Fact]
    public void Other_users_are_let_in_from_everywhere()
    {
        var options = new BrokerOptions { Users = { ["ada"] = new() { Password = "lovelace", Tags = ["monitoring"] } } };

        var user = Create(options).LogIn("PLAIN", Plain("ada", "lovelace"), Ends("192.0.2.7", "192.0.2.1"));

        Assert.Equal(("ada", true, false), (user.Name, user.HasTag("monitoring"), user.HasTag("administrator")));
    }

    [Fact]
    public void Guest_is_let_in_from_everywhere_when_the_options_say_so() =>
        Assert.Equal("guest", Create(new() { LoopbackUsers = [] }).LogIn("PLAIN", Plain("guest", "guest"), Ends("192.0.2.7", "192.0.2.1")).Name);

    [Theory]
    [InlineData("guest", "wrong", "user 'guest' - invalid credentials")]
    [InlineData("guest", "Guest", "user 'guest' - invalid credentials")]
    [InlineData("Guest", "guest", "user 'Guest' - invalid credentials")]
    [InlineData("", "guest", "user '' - invalid credentials")]
    [InlineData("guest", "", "user 'guest' attempted to log in with a blank password")]
    public void Other_names_and_passwords_are_refused(string user, string password, string reason) => Assert.Equal(
        $"PLAIN login refused: {reason}",
        Assert.Throws<LoginRefusedException>(() => Create().LogIn("PLAIN", Plain(user, password), FromHere)).Message);

    [Theory]
    [InlineData("")]
    [InlineData("guest")]
    [InlineData("\0guest")]
    [InlineData("\0guest\0guest\0")]
    [InlineData("guest\0guest\0guest")]
    public void A_response_that_is_not_one_of_PLAIN_is_a_syntax_error(string response) => Assert.Equal(
        ReplyCode.SyntaxError,
        Assert.Throws<AmqpException>(() => Create().LogIn("PLAIN", Encoding.UTF8.GetBytes(response), FromHere)).Code);

    [Fact]
    public void AMQPLAIN_takes_the_fields_of_a_table()
    {
        var response = FieldTable.Of(("LOGIN", "guest"), ("PASSWORD", "guest")).Encode()[4..];

        Assert.Equal("guest", Create().LogIn("AMQPLAIN", response, FromHere).Name);
    }

    [Fact]
    public void AMQPLAIN_without_a_password_or_with_a_number_for_one_is_a_syntax_error()
    {
        var without = FieldTable.Of(("LOGIN", "guest")).Encode()[4..];
        var number = FieldTable.Of(("LOGIN", "guest"), ("PASSWORD", 7)).Encode()[4..];

        Assert.All([without, number, [1, 2, 3]], response => Assert.Throws<AmqpException>(() => Create().LogIn("AMQPLAIN", response, FromHere)));
    }

    [Fact]
    public void Another_mechanism_is_refused() => Assert.Equal(
        "COMMAND_INVALID - unknown authentication mechanism 'EXTERNAL'",
        Assert.Throws<AmqpException>(() => Create().LogIn("EXTERNAL", [], FromHere)).Message);

    [Fact]
    public void The_offer_is_that_of_the_options()
    {
        var offer = Create(new() { ChannelMax = 9, FrameMax = 65536, Heartbeat = TimeSpan.FromSeconds(7) }).Offer;

        Assert.Equal((9, 65536u, 7), (offer.ChannelMax, offer.FrameMax, offer.Heartbeat));
    }

    [Fact]
    public void Any_heartbeat_may_be_chosen() =>
        Assert.Equal(TimeSpan.FromSeconds(ushort.MaxValue), Create().Negotiate(new(1, 4096, ushort.MaxValue)).Heartbeat);

    [Fact]
    public void A_user_enters_only_where_permissions_name_the_virtual_host()
    {
        var options = new BrokerOptions
        {
            Users = { ["ada"] = new() { Password = "x", Permissions = new Dictionary<string, BrokerPermissions> { ["other"] = new() } } },
        };
        var users = new Users(options);
        var admission = new Admission(options, users, name => name is "/" or "other");

        admission.Enter(users.Find("ada")!, "other");
        var refusal = Assert.Throws<AmqpException>(() => admission.Enter(users.Find("ada")!, "/"));
        Assert.Equal("NOT_ALLOWED - access to vhost '/' refused for user 'ada'", refusal.Message);
        Assert.Equal("NOT_ALLOWED - vhost nowhere not found", Assert.Throws<AmqpException>(() => admission.Enter(users.Find("ada")!, "nowhere")).Message);
        Assert.Equal(1, admission.Open);
    }
}
