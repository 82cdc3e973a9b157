using System.Collections.Frozen;
using System.Reflection;
using System.Text.Json.Serialization;

namespace Warren.Jobs.Protocol;

/// <summary>What events are called: the word in <c>type</c> of their JSON, which also stands in the store and ends the routing key on <c>warren.events</c>.</summary>
internal static class JobEventTypes
{
    private static readonly FrozenDictionary<Type, string> Names = typeof(JobEvent)
        .GetCustomAttributes<JsonDerivedTypeAttribute>()
        .ToFrozenDictionary(derived => derived.DerivedType, derived => (string)derived.TypeDiscriminator!);

    /// <summary>The word for this event.</summary>
    public static string Of(JobEvent happened) => Names[happened.GetType()];
}
