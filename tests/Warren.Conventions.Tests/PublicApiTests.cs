using System.Reflection;

namespace Warren.Conventions.Tests;

/// <summary>What a package offers changes only on purpose.</summary>
public class PublicApiTests
{
    // Where a user finds public types: the vocabulary at the root, and the folders that users name.
    private static readonly Dictionary<string, string[]> Namespaces = new()
    {
        ["Warren.Messaging"] =
        [
            "Warren.Messaging", "Warren.Messaging.Content", "Warren.Messaging.Hosting", "Warren.Messaging.Retries",
            "Warren.Messaging.Topology", "Microsoft.Extensions.DependencyInjection",
        ],
        ["Warren.Jobs"] = ["Warren.Jobs", "Warren.Jobs.Contracts", "Warren.Jobs.Hosting", "Microsoft.Extensions.DependencyInjection"],
        ["Warren.Coordinator"] = ["Warren.Coordinator", "Warren.Coordinator.Hosting", "Microsoft.Extensions.DependencyInjection"],
        ["Warren.AI"] = ["Warren.AI.Chat", "Warren.AI.Grading", "Microsoft.Extensions.DependencyInjection"],
        ["Warren.Server"] =
        [
            "Warren.Server", "Warren.Server.Testing", "Microsoft.Extensions.DependencyInjection", "Microsoft.AspNetCore.Builder",
        ],
    };

    // The client below is a detail. A type of it in a signature would tie our versions to its versions.
    private static readonly string[] MayBeInSignatures = ["System.", "Microsoft.Extensions.", "Microsoft.AspNetCore.", "Warren."];

    public static TheoryData<string> Packages => [.. Repository.Packages];

    [Theory]
    [MemberData(nameof(Packages))]
    public void The_public_api_is_the_approved_one(string package)
    {
        var approvedFile = Path.Combine(Repository.Root, "tests/Warren.Conventions.Tests/PublicApi", package + ".approved.txt");
        var actual = PublicApi.Print(Assembly.Load(package));
        if (Environment.GetEnvironmentVariable("WARREN_APPROVE") == "1")
            File.WriteAllText(approvedFile, actual);
        var approved = File.Exists(approvedFile) ? File.ReadAllText(approvedFile).ReplaceLineEndings("\n") : "";

        if (actual != approved)
        {
            Assert.Fail(
                $"The public API of {package} is not the approved one. If that is meant, run this test with WARREN_APPROVE=1 and commit "
                + $"PublicApi/{package}.approved.txt.\n{Difference(approved.Split('\n'), actual.Split('\n'))}");
        }
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void Public_types_are_where_users_look(string package) => Nothing.In(
        from type in PublicApi.Types(Assembly.Load(package))
        where !Namespaces.GetValueOrDefault(package, [package]).Contains(type.Namespace)
        select $"{type.FullName} is public; make it internal, or add its namespace to the list.");

    [Theory]
    [MemberData(nameof(Packages))]
    public void No_signature_names_a_type_of_a_library_below(string package) => Nothing.In(
        from type in PublicApi.Types(Assembly.Load(package))
        from used in PublicApi.Members(type).SelectMany(Used).Concat(type.GetInterfaces()).Append(type.BaseType ?? typeof(object)).SelectMany(Parts).Distinct()
        where !MayBeInSignatures.Any(allowed => used.Assembly.GetName().Name!.StartsWith(allowed, StringComparison.Ordinal))
        select $"{type.FullName} shows {used.FullName} of {used.Assembly.GetName().Name}.");

    private static IEnumerable<Type> Used(MemberInfo member) => member switch
    {
        MethodInfo method => method.GetParameters().Select(parameter => parameter.ParameterType).Append(method.ReturnType)
            .Concat(method.GetGenericArguments().SelectMany(argument => argument.GetGenericParameterConstraints())),
        ConstructorInfo constructor => constructor.GetParameters().Select(parameter => parameter.ParameterType),
        PropertyInfo property => [property.PropertyType],
        FieldInfo field => [field.FieldType],
        EventInfo @event => [@event.EventHandlerType!],
        _ => [],
    };

    private static IEnumerable<Type> Parts(Type type) =>
        type.HasElementType ? Parts(type.GetElementType()!)
        : type.IsGenericType ? type.GetGenericArguments().SelectMany(Parts).Append(type.GetGenericTypeDefinition())
        : [type];

    // The lines that only one side has, each below its type.
    private static string Difference(string[] approved, string[] actual)
    {
        var gone = WithOwners(approved).Except(WithOwners(actual)).Select(line => "- " + line);
        var come = WithOwners(actual).Except(WithOwners(approved)).Select(line => "+ " + line);
        return string.Join('\n', gone.Concat(come).OrderBy(line => line[2..], StringComparer.Ordinal));
    }

    private static IEnumerable<string> WithOwners(IEnumerable<string> lines)
    {
        var owner = "";
        foreach (var line in lines.Where(line => line.Length > 0))
        {
            if (line[0] == ' ')
                yield return $"{owner}:  {line.Trim()}";
            else
                yield return owner = line;
        }
    }
}
