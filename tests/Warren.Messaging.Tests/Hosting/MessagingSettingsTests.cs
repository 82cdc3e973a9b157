using Warren.Messaging.Hosting;

namespace Warren.Messaging.Tests.Hosting;

public class MessagingSettingsTests
{
    private const string FileUrl = """{ "Warren": { "Messaging": { "Url": "amqp://file/" } } }""";

    [Theory]
    [InlineData(false, "", false, "none", "default")]
    [InlineData(true, "", false, "amqp://file/", "appsettings.json Warren:Messaging:Url")]
    [InlineData(true, "RABBITMQ_HOST=parts", false, "amqp://guest:guest@parts/", "environment RABBITMQ_HOST")]
    [InlineData(true, "RABBITMQ_HOST=parts RABBITMQ_URL=amqp://seed/", false, "amqp://seed/", "environment RABBITMQ_URL")]
    [InlineData(true, "RABBITMQ_URL=amqp://seed/ Warren__Messaging__Url=amqp://env/", false, "amqp://env/", "environment Warren__Messaging__Url")]
    [InlineData(true, "RABBITMQ_URL=amqp://seed/ Warren__Messaging__Url=amqp://env/", true, "amqp://flag/", "command line --Warren:Messaging:Url")]
    [InlineData(true, "RABBITMQ_URL= RABBITMQ_HOST= Warren__Messaging__Url=", false, "amqp://file/", "appsettings.json Warren:Messaging:Url")]
    public void Flags_win_over_the_environment_over_seed_names_over_files(bool file, string environment, bool flag, string expected, string source)
    {
        using var sample = new SettingsSample
        {
            Json = file ? FileUrl : null,
            Arguments = flag ? ["--Warren:Messaging:Url=amqp://flag/"] : [],
        }.Set(environment.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        var resolved = sample.Resolve();

        Assert.Equal(expected, resolved.Options.Url ?? "none");
        Assert.Equal(source, resolved.Settings.SourceOf("Url"));
    }

    [Fact]
    public void Code_wins_over_everything_and_over_the_errors_of_what_it_replaces()
    {
        using var sample = new SettingsSample
        {
            Arguments = ["--Warren:Messaging:Url=amqp://flag/", "--Warren:Messaging:PublishWindow=many"],
            Code = o =>
            {
                o.Url = "amqp://code/";
                o.PublishWindow = 7;
            },
        };

        var resolved = sample.Resolve();

        Assert.Empty(resolved.Errors);
        Assert.Equal(("amqp://code/", 7), (resolved.Options.Url, resolved.Options.PublishWindow));
        Assert.Equal(("code", "code"), (resolved.Settings.SourceOf("Url"), resolved.Settings.SourceOf("PublishWindow")));
    }

    [Theory]
    [InlineData("RABBITMQ_HOST=h", "amqp://guest:guest@h/")]
    [InlineData("RABBITMQ_HOST=h RABBITMQ_PORT=5673 RABBITMQ_USER=ada RABBITMQ_PASSWORD=p@s:s/ RABBITMQ_VHOST=a/b RABBITMQ_SSL=true", "amqps://ada:p%40s%3As%2F@h:5673/a%2Fb")]
    [InlineData("RABBITMQ_HOST=h RABBITMQ_USERNAME=ada RABBITMQ_SSL=no", "amqp://ada:guest@h/")]
    [InlineData("RABBITMQ_HOST=h RABBITMQ_USER=ada RABBITMQ_USERNAME=ada", "amqp://ada:guest@h/")]
    [InlineData("RABBITMQ_HOST=h RABBITMQ_VHOST=/", "amqp://guest:guest@h/")]
    [InlineData("RABBITMQ_HOST=h RABBITMQ_VHOST=%2F", "amqp://guest:guest@h/")]
    [InlineData("RABBITMQ_HOST=h RABBITMQ_VHOST=/prod", "amqp://guest:guest@h/%2Fprod")]
    [InlineData("RABBITMQ_HOST=a,b:5674,::1 RABBITMQ_PORT=5673", "amqp://guest:guest@a:5673,b:5674,[::1]:5673/")]
    [InlineData("RABBITMQ_HOST=[::1],[::2]:5 RABBITMQ_PORT=5673", "amqp://guest:guest@[::1]:5673,[::2]:5/")]
    [InlineData("RABBITMQ_HOST=h RABBITMQ_PORT=tcp://10.0.0.1:5673", "amqp://guest:guest@h:5673/")]
    [InlineData("RABBITMQ_PORT=tcp://10.0.0.1:5672", "amqp://guest:guest@10.0.0.1:5672/")]
    [InlineData("RABBITMQ_PORT=tcp://[fd00::1]:5672 RABBITMQ_SSL=1", "amqps://guest:guest@[fd00::1]:5672/")]
    [InlineData("RABBITMQ_PORT=5673 RABBITMQ_USER=ada", "none")]
    [InlineData("RABBITMQ_ENABLED=true RABBITMQ_PORT=5673 RABBITMQ_USER=ada", "amqp://ada:guest@localhost:5673/")]
    [InlineData("ENABLE_RABBITMQ=yes", "amqp://guest:guest@localhost/")]
    public void The_parts_of_a_broker_make_a_url(string environment, string expected)
    {
        using var sample = new SettingsSample().Set(environment.Split(' '));
        var resolved = sample.Resolve();
        Assert.Equal(expected, resolved.Options.Url ?? "none");
        Assert.Equal(expected == "none" ? 1 : 0, resolved.Errors.Count);
    }

    [Theory]
    [InlineData("true", true)]
    [InlineData("True", true)]
    [InlineData("1", true)]
    [InlineData("YES", true)]
    [InlineData("on", true)]
    [InlineData("false", false)]
    [InlineData("0", false)]
    [InlineData("No", false)]
    [InlineData("OFF", false)]
    public void Flags_are_read_in_the_words_people_use(string word, bool expected)
    {
        foreach (var name in new[] { "RABBITMQ_ENABLED", "ENABLE_RABBITMQ", "Warren__Messaging__Enabled" })
        {
            using var sample = new SettingsSample().Set($"{name}={word}");
            var resolved = sample.Resolve();
            Assert.Empty(resolved.Errors);
            Assert.Equal(expected, resolved.Options.Enabled);
            Assert.Equal("environment " + name, resolved.Settings.SourceOf("Enabled"));
        }
    }

    [Theory]
    [InlineData("""{ "Warren": { "Messaging": { "Enabled": true } } }""", "", true)]
    [InlineData("""{ "Warren": { "Messaging": { "Enabled": true } } }""", "RABBITMQ_ENABLED=false", false)]
    [InlineData("""{ "Warren": { "Messaging": { "Enabled": true } } }""", "RABBITMQ_ENABLED=false Warren__Messaging__Enabled=true", true)]
    [InlineData("{}", "RABBITMQ_ENABLED=false ENABLE_RABBITMQ=off", false)]
    [InlineData("{}", "RABBITMQ_ENABLED=false RABBITMQ_URL=nonsense", false)]
    [InlineData("{}", "RABBITMQ_URL=amqp://broker", null)]
    public void The_switch_follows_the_same_precedence(string json, string environment, bool? expected)
    {
        using var sample = new SettingsSample { Json = json }.Set(environment.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        var resolved = sample.Resolve();
        Assert.Empty(resolved.Errors);
        Assert.Equal(expected, resolved.Options.Enabled);
    }

    [Theory]
    [InlineData("", "No broker is named. Expected Warren:Messaging:Url (environment Warren__Messaging__Url), RABBITMQ_URL or RABBITMQ_HOST to name it; or Warren:Messaging:Enabled set to true for a broker at localhost:5672, or to false to run without messaging.")]
    [InlineData("RABBITMQ_ENABLED=false ENABLE_RABBITMQ=1", "environment RABBITMQ_ENABLED is 'false' and environment ENABLE_RABBITMQ is '1'; expected both to say the same, or one of them alone.")]
    [InlineData("RABBITMQ_ENABLED=maybe RABBITMQ_URL=amqp://h", "environment RABBITMQ_ENABLED is 'maybe'; expected true or false (or 1/0, yes/no, on/off).")]
    [InlineData("Warren__Messaging__Enabled=ja RABBITMQ_URL=amqp://h", "Warren:Messaging:Enabled is 'ja' (environment Warren__Messaging__Enabled); expected true or false (or 1/0, yes/no, on/off).")]
    [InlineData("RABBITMQ_HOST=h RABBITMQ_SSL=tls", "environment RABBITMQ_SSL is 'tls'; expected true or false (or 1/0, yes/no, on/off).")]
    [InlineData("RABBITMQ_HOST=h RABBITMQ_USER=ada RABBITMQ_USERNAME=bob", "environment RABBITMQ_USER is 'ada' and environment RABBITMQ_USERNAME is 'bob'; expected both to say the same, or one of them alone.")]
    [InlineData("RABBITMQ_HOST=h RABBITMQ_PORT=amqp", "environment RABBITMQ_PORT is 'amqp'; expected a port from 1 to 65535, or a service link such as tcp://10.0.0.1:5672.")]
    [InlineData("RABBITMQ_PORT=tcp://h:70000", "environment RABBITMQ_PORT is 'tcp://h:70000'; expected a port from 1 to 65535, or a service link such as tcp://10.0.0.1:5672.")]
    [InlineData("RABBITMQ_HOST=amqp://ada:s3cret@h/", "environment RABBITMQ_HOST is not a host name; expected one or several host names separated by commas. A whole URL belongs into RABBITMQ_URL.")]
    [InlineData("RABBITMQ_URL=amqp://ada:s3cret", "Warren:Messaging:Url (environment RABBITMQ_URL) cannot be read. The broker URL has no port number behind 'ada:'; expected 1 to 65535, and an '@' between a password and the host.")]
    [InlineData("RABBITMQ_HOST=h%h", "Warren:Messaging:Url (environment RABBITMQ_HOST) cannot be read. The broker URL has a host name with characters other than letters, digits, '.', '-' and '_'.")]
    [InlineData("RABBITMQ_URL=amqp://h Warren__Messaging__PublishTimeuot=s3cret", "Unknown setting Warren:Messaging:PublishTimeuot (environment Warren__Messaging__PublishTimeuot); did you mean PublishTimeout?")]
    [InlineData("RABBITMQ_URL=amqp://h Warren__Messaging__Compression__Treshold=1", "Unknown setting Warren:Messaging:Compression:Treshold (environment Warren__Messaging__Compression__Treshold); did you mean Compression:Threshold?")]
    [InlineData("RABBITMQ_URL=amqp://h Warren__Messaging__Tls=true", "Unknown setting Warren:Messaging:Tls (environment Warren__Messaging__Tls); it is a group of settings and has no value of its own")]
    [InlineData("RABBITMQ_URL=amqp://h Warren__Messaging__PublishTimeout=30", "Warren:Messaging:PublishTimeout is '30' (environment Warren__Messaging__PublishTimeout); expected a time as hours:minutes:seconds from 00:00:00.010 to 1.00:00:00; 30 seconds are written 00:00:30.")]
    [InlineData("RABBITMQ_URL=amqp://h Warren__Messaging__PublishTimeout=soon", "Warren:Messaging:PublishTimeout is 'soon' (environment Warren__Messaging__PublishTimeout); expected a time as hours:minutes:seconds from 00:00:00.010 to 1.00:00:00.")]
    [InlineData("RABBITMQ_URL=amqp://h Warren__Messaging__PublishTimeout=00:00:00", "Warren:Messaging:PublishTimeout is 00:00:00 (environment Warren__Messaging__PublishTimeout); expected a time as hours:minutes:seconds from 00:00:00.010 to 1.00:00:00.")]
    [InlineData("RABBITMQ_URL=amqp://h Warren__Messaging__PublishWindow=0", "Warren:Messaging:PublishWindow is 0 (environment Warren__Messaging__PublishWindow); expected a whole number from 1 to 65536.")]
    [InlineData("RABBITMQ_URL=amqp://h Warren__Messaging__PublishWindow=1k", "Warren:Messaging:PublishWindow is '1k' (environment Warren__Messaging__PublishWindow); expected a whole number from 1 to 65536.")]
    [InlineData("RABBITMQ_URL=amqp://h Warren__Messaging__Compression__Threshold=-1", "Warren:Messaging:Compression:Threshold is -1 (environment Warren__Messaging__Compression__Threshold); expected a whole number from 0 to 2147483647.")]
    [InlineData("RABBITMQ_URL=amqp://h Warren__Messaging__Compression__Algorithm=1", "Warren:Messaging:Compression:Algorithm is '1' (environment Warren__Messaging__Compression__Algorithm); expected None or Gzip or Brotli.")]
    [InlineData("RABBITMQ_URL=amqp://h Warren__Messaging__ManagementUrl=localhost:15672", "Warren:Messaging:ManagementUrl (environment Warren__Messaging__ManagementUrl) is no http:// or https:// URL.")]
    [InlineData("RABBITMQ_URL=amqp://h Warren__Messaging__Encryption__Keys__k1=s3cret", "Warren:Messaging:Encryption:Keys:k1 (environment Warren__Messaging__Encryption__Keys__k1) is no key; expected 32 bytes in Base64.")]
    [InlineData("RABBITMQ_URL=amqp://h Warren__Messaging__Encryption__KeyId=k2", "Warren:Messaging:Encryption:KeyId is 'k2' (environment Warren__Messaging__Encryption__KeyId); expected the id of a key under Warren:Messaging:Encryption:Keys, and there are none.")]
    [InlineData("RABBITMQ_URL=amqp://h Warren__Messaging__Url=amqp://i Warren__Messaging__UrlFile=f", "Both environment Warren__Messaging__Url and environment Warren__Messaging__UrlFile are set; expected one of them.")]
    [InlineData("RABBITMQ_URL_FILE=/nowhere/url", "environment RABBITMQ_URL_FILE names the file /nowhere/url, which cannot be read: Could not find a part of the path '/nowhere/url'.")]
    [InlineData("RABBITMQ_HOST=h RABBITMQ_PASSWORD_FILE=/nowhere/password", "environment RABBITMQ_PASSWORD_FILE names the file /nowhere/password, which cannot be read: Could not find a part of the path '/nowhere/password'.")]
    public void A_bad_setting_is_one_error_that_says_what_was_found_and_expected(string environment, string expected)
    {
        using var sample = new SettingsSample().Set(environment.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(expected, Assert.Single(sample.Resolve().Errors));
    }

    [Fact]
    public void All_errors_are_told_at_once_and_files_are_named()
    {
        using var sample = new SettingsSample
        {
            Json = """{ "Warren": { "Messaging": { "Url": "amqp://h", "PublishWindow": "0", "Enabeld": true, "Heartbeat": 60, "Tls": {}, "Compression": null } } }""",
        };
        Assert.Equal(
            [
                "Warren:Messaging:Heartbeat is '60' (appsettings.json Warren:Messaging:Heartbeat); expected a time as hours:minutes:seconds from 00:00:01 to 01:00:00; 60 seconds are written 00:01:00.",
                "Unknown setting Warren:Messaging:Enabeld (appsettings.json Warren:Messaging:Enabeld); did you mean Enabled?",
                "Warren:Messaging:PublishWindow is 0 (appsettings.json Warren:Messaging:PublishWindow); expected a whole number from 1 to 65536.",
            ],
            sample.Resolve().Errors);
    }

    [Fact]
    public void Values_set_in_code_are_checked_too()
    {
        using var sample = new SettingsSample
        {
            Code = o =>
            {
                o.Url = "http://ada:s3cret@h";
                o.PublishConnections = 99;
                o.Compression.MaxDecompressedBytes = 0;
                o.Encryption.Keys["k"] = "s3cret";
            },
        };
        Assert.Equal(
            [
                "Warren:Messaging:PublishConnections is 99 (code); expected a whole number from 1 to 16.",
                "Warren:Messaging:Compression:MaxDecompressedBytes is 0 (code); expected a whole number from 1 to 2147483647.",
                "Warren:Messaging:Url (code) cannot be read. The broker URL begins with http://; expected amqp:// or amqps://.",
                "Warren:Messaging:Encryption:Keys:k (code) is no key; expected 32 bytes in Base64.",
            ],
            sample.Resolve().Errors);
    }

    [Fact]
    public void Secrets_are_read_from_mounted_files_without_their_last_line_end()
    {
        var key = Convert.ToBase64String(new byte[32]);
        using var sample = new SettingsSample();
        sample.Set(
            "RABBITMQ_HOST=h",
            $"RABBITMQ_PASSWORD_FILE={sample.Secret(" p w \r\n")}",
            $"Warren__Messaging__Encryption__Keys__k1File={sample.Secret(key + "\n")}",
            $"Warren__Messaging__Encryption__Keys__profile={key}",
            "Warren__Messaging__Encryption__KeyId=k1");

        var resolved = sample.Resolve();

        Assert.Empty(resolved.Errors);
        Assert.Equal("amqp://guest:%20p%20w%20@h/", resolved.Options.Url);
        Assert.Equal([KeyValuePair.Create("k1", key), KeyValuePair.Create("profile", key)], resolved.Options.Encryption.Keys.OrderBy(pair => pair.Key));
    }

    [Fact]
    public void A_mounted_url_has_the_precedence_of_the_place_that_names_it()
    {
        using var sample = new SettingsSample { Json = FileUrl };
        sample.Set("RABBITMQ_URL=amqp://seed/", $"Warren__Messaging__UrlFile={sample.Secret("amqp://mounted/\n")}");
        var resolved = sample.Resolve();
        Assert.Equal("amqp://mounted/", resolved.Options.Url);
        Assert.Equal("environment Warren__Messaging__UrlFile", resolved.Settings.SourceOf("Url"));
    }

    [Fact]
    public void An_empty_mounted_file_is_an_error()
    {
        using var sample = new SettingsSample();
        var path = sample.Secret("\n");
        sample.Set($"RABBITMQ_URL_FILE={path}");
        Assert.Equal($"environment RABBITMQ_URL_FILE names the file {path}, which is empty; expected the value in it.", Assert.Single(sample.Resolve().Errors));
    }

    [Fact]
    public void A_keyed_bus_has_a_section_of_its_own_and_no_seed_names()
    {
        using var sample = new SettingsSample
        {
            BusKey = "analytics",
            Json = """{ "Warren": { "Messaging": { "Url": "amqp://other/" }, "Buses": { "analytics": { "PublishWindow": 8 } } } }""",
        }.Set("RABBITMQ_URL=amqp://seed/", "RABBITMQ_ENABLED=false", "Warren__Buses__analytics__PublishTimeout=00:00:05");

        var resolved = sample.Resolve();

        Assert.Equal((8, TimeSpan.FromSeconds(5)), (resolved.Options.PublishWindow, resolved.Options.PublishTimeout));
        Assert.Equal(
            "No broker is named. Expected Warren:Buses:analytics:Url (environment Warren__Buses__analytics__Url) to name it; "
            + "or Warren:Buses:analytics:Enabled set to true for a broker at localhost:5672, or to false to run without messaging.",
            Assert.Single(resolved.Errors));
    }

    [Fact]
    public void Every_option_but_those_of_code_can_be_configured()
    {
        var keys = MessagingSetting.All.Select(setting => setting.Key).ToList();
        var properties = typeof(MessagingOptions).GetProperties().SelectMany(
            property => property.PropertyType.Assembly == typeof(MessagingOptions).Assembly && property.PropertyType.IsClass
                ? property.PropertyType.GetProperties().Select(inner => $"{property.Name}:{inner.Name}")
                : [property.Name]);
        Assert.Equal(["Encryption:Keys", "Json", "Serializers"], properties.Except(keys).Order());
    }

    [Fact]
    public void Every_setting_reads_its_own_default_as_it_is_shown()
    {
        var options = new MessagingOptions();
        foreach (var setting in MessagingSetting.All.Where(setting => setting.Get(options) is not null))
        {
            Assert.True(setting.TryParse(MessagingSetting.Format(setting.Get(options)), out var value), setting.Key);
            Assert.Equal(setting.Get(options), value);
            Assert.True(setting.IsInRange(value), setting.Key);
        }
    }

    [Fact]
    public void A_configured_application_without_any_configuration_is_one_in_code()
    {
        var settings = new MessagingSettings(configuration: null, busKey: null);
        var options = new MessagingOptions();
        settings.Bind(options);
        options.Url = "amqp://code/";
        settings.Complete(options);
        Assert.Empty(settings.Validate(options));
    }
}
