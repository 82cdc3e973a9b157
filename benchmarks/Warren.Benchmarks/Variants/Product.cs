using System.Reflection;

namespace Warren.Benchmarks.Variants;

/// <summary>The name and version of a library.</summary>
internal static class Product
{
    /// <summary>Those of the assembly a type is in, such as <c>RabbitMQ.Client 7.1.2</c>.</summary>
    public static string Of(Type type)
    {
        var assembly = type.Assembly;
        // The assembly's own version often stays at the major one; behind the plus is the commit.
        var version = assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0];
        return $"{assembly.GetName().Name} {version ?? "of unknown version"}";
    }
}
