using Microsoft.Extensions.Options;

namespace Warren.AI.Chat;

/// <summary>Tells at the start what is wrong with the settings of the endpoint, without showing the key.</summary>
internal sealed class ChatValidation : IValidateOptions<ChatOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, ChatOptions options)
    {
        List<string> problems = [];
        // The text may hold a password.
        if (options.Endpoint is { } endpoint && (!endpoint.IsAbsoluteUri || endpoint.Scheme is not ("http" or "https")))
            problems.Add($"{ChatOptions.Section}:Endpoint is no URL of http or https; one as in https://api.openai.com/v1 was expected.");
        else if (options.Endpoint is { UserInfo.Length: > 0 } or { Query.Length: > 0 } or { Fragment.Length: > 0 })
            problems.Add($"{ChatOptions.Section}:Endpoint has a user, a query or a fragment; scheme, host, port and path were expected. A key belongs into ApiKey.");
        if (options.ApiKey is { } key && key.Any(character => character is <= ' ' or > '~'))
            problems.Add($"{ChatOptions.Section}:ApiKey has a blank, a line break or another character that no header can hold; visible ASCII was expected.");
        if (options.IsConfigured && string.IsNullOrWhiteSpace(options.Model))
            problems.Add($"{ChatOptions.Section}:Model is empty; the name of a model was expected.");
        if (options.Timeout < TimeSpan.FromMilliseconds(1) || options.Timeout > TimeSpan.FromHours(1))
            problems.Add($"{ChatOptions.Section}:Timeout is {options.Timeout}; 00:00:00.001 to 01:00:00 was expected.");
        if (options.Temperature is not (null or (>= 0 and <= 2)))
            problems.Add($"{ChatOptions.Section}:Temperature is {options.Temperature}; 0 to 2 was expected.");
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
