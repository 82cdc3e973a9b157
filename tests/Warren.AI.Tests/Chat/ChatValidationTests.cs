using Microsoft.Extensions.Configuration;
using Warren.AI.Chat;

namespace Warren.AI.Tests.Chat;

public class ChatValidationTests
{
    [Theory]
    [InlineData("Endpoint", "localhost", "Endpoint is no URL")]
    [InlineData("Endpoint", "/v1", "Endpoint is no URL")]
    [InlineData("Endpoint", "ftp://models.example.com/v1", "Endpoint is no URL")]
    [InlineData("Endpoint", "https://me:hunter2@models.example.com/v1", "has a user")]
    [InlineData("Endpoint", "https://models.example.com/v1?key=hunter2", "a query")]
    [InlineData("ApiKey", "hunter2\n", "ApiKey has a blank")]
    [InlineData("ApiKey", "hunter2é", "ApiKey has a blank")]
    [InlineData("Timeout", "00:00:00", "Timeout is 00:00:00;")]
    [InlineData("Timeout", "02:00:00", "Timeout is 02:00:00;")]
    [InlineData("Temperature", "3", "Temperature is 3;")]
    public void A_wrong_setting_is_told_without_its_secret(string setting, string value, string expected)
    {
        var result = new ChatValidation().Validate(null, Bound(("Warren:Chat:" + setting, value)));

        Assert.Contains(expected, result.FailureMessage, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", result.FailureMessage, StringComparison.Ordinal);
    }

    [Fact]
    public void An_endpoint_without_a_model_is_told() =>
        Assert.Contains("Model is empty", new ChatValidation().Validate(null, Bound(("OPENAI_API_KEY", "k"), ("Warren:Chat:Model", ""))).FailureMessage, StringComparison.Ordinal);

    [Fact]
    public void No_setting_at_all_is_right() => Assert.True(new ChatValidation().Validate(null, Bound()).Succeeded);

    [Fact]
    public void The_names_of_other_clients_are_read_and_those_of_Warren_win()
    {
        var options = Bound(("OPENAI_API_KEY", "k"), ("OPENAI_BASE_URL", "http://127.0.0.1:1/v1"), ("Warren:Chat:ApiKey", "mine"), ("Warren:Chat:Temperature", ""));

        Assert.Equal(("mine", new Uri("http://127.0.0.1:1/v1"), null), (options.ApiKey, options.Endpoint, options.Temperature));
        Assert.True(new ChatValidation().Validate(null, options).Succeeded);
    }

    private static ChatOptions Bound(params (string Key, string Value)[] settings)
    {
        var options = new ChatOptions();
        ChatSettings.Bind(options, new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(pair => pair.Key, pair => (string?)pair.Value)).Build());
        return options;
    }
}
