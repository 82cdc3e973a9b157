using Microsoft.Extensions.Options;
using Warren.AI.Guard;

namespace Warren.AI.Grading.Speaking;

/// <summary>Says at the start which entries of <see cref="GradingOptions.AudioHosts"/> are no hosts.</summary>
internal sealed class AudioHostsValidation : IValidateOptions<GradingOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, GradingOptions options)
    {
        List<string> problems = [];
        foreach (var text in options.AudioHosts)
        {
            if (!HostRule.TryParse(text, out _, out var problem))
                problems.Add($"{GradingOptions.Section}:AudioHosts is wrong: {problem}");
        }
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
