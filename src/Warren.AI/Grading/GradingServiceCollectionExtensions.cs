using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Warren.AI.Chat;
using Warren.AI.Grading;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the settings of grading to an application.</summary>
public static class GradingServiceCollectionExtensions
{
    /// <summary>
    /// Adds the settings that the contract (<see cref="GradingContract"/>, in the app that has the coordinator) and the worker
    /// (<see cref="GradingWorkerExtensions.AddGrading"/>) go by. Calling it again does nothing.
    /// </summary>
    /// <param name="services">The services of the application.</param>
    /// <param name="configuration">
    /// Its settings: <c>Warren:Grading</c>, <c>Warren:Chat</c>; <c>WRITING_QUEUE</c>, <c>SPEAKING_QUEUE</c>, <c>RESULT_QUEUE</c>; <c>OPENAI_API_KEY</c>,
    /// <c>OPENAI_BASE_URL</c>.
    /// </param>
    public static IServiceCollection AddGradingSettings(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        if (services.Any(service => service.ServiceType == typeof(Marker)))
            return services;
        services.AddSingleton<Marker>();
        services.AddOptions<GradingOptions>().Configure(options => GradingSettings.Bind(options, configuration)).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<IValidateOptions<GradingOptions>>(new Validation());
        services.AddOptions<ChatOptions>().Configure(options => ChatSettings.Bind(options, configuration)).ValidateOnStart();
        return services;
    }

    private sealed class Marker;

    private sealed class Validation : IValidateOptions<GradingOptions>
    {
        public ValidateOptionsResult Validate(string? name, GradingOptions options) =>
            GradingSettings.Problem(options) is { } problem ? ValidateOptionsResult.Fail(problem) : ValidateOptionsResult.Success;
    }
}
