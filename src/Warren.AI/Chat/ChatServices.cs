using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Warren.AI.Chat;

/// <summary>Registers the endpoint.</summary>
internal static class ChatServices
{
    /// <summary>Adds the endpoint of <see cref="ChatOptions"/> and, unless the application has one of its own, an <see cref="IChatClient"/> for it.</summary>
    public static IServiceCollection AddChat(this IServiceCollection services)
    {
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ChatOptions>, ChatValidation>());
        services.TryAddSingleton<ChatEndpoint>();
        services.TryAddSingleton<IChatClient, OpenAIChatClient>();
        return services;
    }
}
