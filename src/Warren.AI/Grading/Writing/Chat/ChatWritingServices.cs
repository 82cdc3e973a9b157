using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Warren.AI.Chat;

namespace Warren.AI.Grading.Writing.Chat;

/// <summary>Registers the grading of writing by the endpoint.</summary>
internal static class ChatWritingServices
{
    /// <summary>Adds the endpoint, and it as the <see cref="IWritingGrader"/> unless there is one already.</summary>
    public static IServiceCollection AddChatWriting(this IServiceCollection services)
    {
        services.AddChat().TryAddSingleton<IWritingGrader, ChatWritingGrader>();
        return services;
    }
}
