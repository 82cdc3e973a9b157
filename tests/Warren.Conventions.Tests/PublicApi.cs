using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace Warren.Conventions.Tests;

/// <summary>Prints what a package offers as C#-like text, in an order that depends on names alone.</summary>
internal static class PublicApi
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    // What the compiler writes into a record, besides its equality operators.
    private static readonly string[] OfRecords = ["<Clone>$", "Equals", "GetHashCode", "ToString", "PrintMembers", "Deconstruct", "EqualityContract", "op_Equality", "op_Inequality"];

    /// <summary>The types a user of the assembly can name.</summary>
    public static IEnumerable<Type> Types(Assembly assembly) => assembly.GetExportedTypes().OrderBy(type => type.FullName, StringComparer.Ordinal);

    /// <summary>The members a user of a type can call or override, without what the compiler writes.</summary>
    public static IEnumerable<MemberInfo> Members(Type type) => type.GetMembers(Declared).Where(member => member switch
    {
        MethodInfo method => IsSeen(method) && (!method.IsSpecialName || method.Name.StartsWith("op_", StringComparison.Ordinal)) && !IsOfRecord(type, method),
        ConstructorInfo constructor => IsSeen(constructor) && !IsOfRecord(type, constructor),
        PropertyInfo property => property.GetAccessors(nonPublic: true).Any(IsSeen) && !IsOfRecord(type, property),
        EventInfo @event => IsSeen(@event.AddMethod!),
        FieldInfo field => (field.IsPublic || field.IsFamily) && !field.IsSpecialName,
        _ => false,
    });

    public static string Print(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (var group in Types(assembly).GroupBy(type => type.Namespace))
        {
            text.Append(CultureInfo.InvariantCulture, $"namespace {group.Key}\n");
            foreach (var type in group)
            {
                text.Append(CultureInfo.InvariantCulture, $"\n{Header(type)}\n");
                foreach (var line in Lines(type))
                    text.Append(CultureInfo.InvariantCulture, $"    {line}\n");
            }
            text.Append('\n');
        }
        return text.ToString().TrimEnd('\n') + "\n";
    }

    private static IEnumerable<string> Lines(Type type) => type.IsEnum
        ? Members(type).Cast<FieldInfo>().OrderBy(field => Number(field.GetRawConstantValue())).Select(field => $"{field.Name} = {Number(field.GetRawConstantValue())}")
        : Members(type).Select(member => (member.Name, Text: Member(type, member))).OrderBy(member => member.Name, StringComparer.Ordinal)
            .ThenBy(member => member.Text, StringComparer.Ordinal).Select(member => member.Text);

    private static string Header(Type type)
    {
        if (type.IsEnum)
            return $"enum {Own(type)}{(Enum.GetUnderlyingType(type) == typeof(int) ? "" : $" : {Name(Enum.GetUnderlyingType(type))}")}";
        if (typeof(MulticastDelegate).IsAssignableFrom(type))
            return $"delegate {Method(type.GetMethod("Invoke")!, Own(type))}";
        var kind = type.IsInterface ? "interface"
            : (type.IsAbstract, type.IsSealed) switch { (true, true) => "static ", (true, false) => "abstract ", (false, true) when !type.IsValueType => "sealed ", _ => "" }
                + (type.IsValueType ? IsRecord(type) ? "record struct" : "struct" : IsRecord(type) ? "record" : "class");
        var positional = Positional(type) is { } parameters ? $"({Parameters(parameters)})" : "";
        var inherited = type.BaseType is { } parent && parent != typeof(object) && !type.IsValueType ? [parent] : Type.EmptyTypes;
        var interfaces = type.GetInterfaces().Where(face => face.IsPublic && !(IsRecord(type) && face.Name == "IEquatable`1"))
            .Except(type.GetInterfaces().SelectMany(face => face.GetInterfaces())).Except(type.BaseType?.GetInterfaces() ?? []).OrderBy(face => face.Name, StringComparer.Ordinal);
        var bases = string.Join(", ", inherited.Concat(interfaces).Select(Name));
        return $"{kind} {Own(type)}{positional}{(bases.Length > 0 ? " : " + bases : "")}{Constraints(type.GetGenericArguments())}";
    }

    private static string Member(Type type, MemberInfo member) => member switch
    {
        FieldInfo field => $"{(field.IsLiteral ? "const " : field.IsStatic ? "static readonly " : "")}{Nullable(new NullabilityInfoContext().Create(field))} {field.Name}"
            + (field.IsLiteral ? $" = {Value(field.GetRawConstantValue())}" : ""),
        PropertyInfo property => Property(type, property),
        EventInfo @event => $"event {Name(@event.EventHandlerType!)} {@event.Name}",
        ConstructorInfo constructor => $"{Access(constructor)}{Own(type)}({Parameters(constructor.GetParameters())})",
        MethodInfo method => Modifiers(method) + Method(method, method.Name + Generic(method.GetGenericArguments())),
        _ => throw new ArgumentOutOfRangeException(nameof(member), member, "No such kind of member."),
    };

    private static string Property(Type type, PropertyInfo property)
    {
        var accessors = property.GetAccessors(nonPublic: true).Where(IsSeen).ToList();
        var isInit = property.SetMethod?.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) == true;
        var set = property.SetMethod is { } setter && IsSeen(setter) ? isInit ? " init;" : " set;" : "";
        var get = property.GetMethod is { } getter && IsSeen(getter) ? " get;" : "";
        var required = property.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "";
        return $"{(type.IsInterface ? "" : Modifiers(accessors[0]))}{required}{Nullable(new NullabilityInfoContext().Create(property))} {property.Name} {{{get}{set} }}";
    }

    private static string Method(MethodInfo method, string name) =>
        $"{Nullable(method.ReturnParameter)} {name}({(method.IsDefined(typeof(ExtensionAttribute)) ? "this " : "")}{Parameters(method.GetParameters())}){Constraints(method.IsGenericMethod ? method.GetGenericArguments() : [])}";

    private static string Parameters(IEnumerable<ParameterInfo> parameters) => string.Join(", ", parameters.Select(parameter =>
        (parameter.IsDefined(typeof(ParamArrayAttribute)) ? "params " : parameter.IsOut ? "out " : parameter.ParameterType.IsByRef ? parameter.IsIn ? "in " : "ref " : "")
        + Nullable(parameter) + " " + parameter.Name
        + (parameter.HasDefaultValue ? " = " + (parameter.DefaultValue is null && parameter.ParameterType.IsValueType && System.Nullable.GetUnderlyingType(parameter.ParameterType) is null ? "default" : Value(parameter.DefaultValue)) : "")));

    private static string Modifiers(MethodInfo method) => method.DeclaringType!.IsInterface
        ? ""
        : Access(method) + (method.IsStatic ? "static " : method.IsAbstract ? "abstract " : method.GetBaseDefinition() != method ? "override " : method.IsVirtual && !method.IsFinal ? "virtual " : "");

    private static string Access(MethodBase method) => method.IsPublic ? "" : "protected ";

    private static string Value(object? value) => value switch
    {
        null => "null",
        string text => $"\"{text}\"",
        bool flag => flag ? "true" : "false",
        Enum number => $"{number.GetType().Name}.{number}",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string Constraints(IEnumerable<Type> arguments) => string.Concat(
        from argument in arguments
        let attributes = argument.GenericParameterAttributes
        let limits = ((string?[])
            [
                attributes.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint) ? "class" : null,
                attributes.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint) ? "struct" : null,
                .. argument.GetGenericParameterConstraints().Where(limit => limit != typeof(ValueType)).Select(Name),
                attributes.HasFlag(GenericParameterAttributes.DefaultConstructorConstraint | GenericParameterAttributes.NotNullableValueTypeConstraint) ? null
                    : attributes.HasFlag(GenericParameterAttributes.DefaultConstructorConstraint) ? "new()" : null,
            ]).OfType<string>().ToList()
        where limits.Count > 0
        select $" where {argument.Name} : {string.Join(", ", limits)}");

    private static string Nullable(ParameterInfo parameter)
    {
        // What an argument may be in general says nothing of a T; only a mark of its own, or of all around it, does.
        var mark = parameter.ParameterType.IsGenericParameter
            && (Flag(parameter.CustomAttributes, "Nullable") ?? Flag(parameter.Member.CustomAttributes, "NullableContext")
                ?? Flag(parameter.Member.DeclaringType!.CustomAttributes, "NullableContext")) == 2;
        return Nullable(new NullabilityInfoContext().Create(parameter)) + (mark ? "?" : "");
    }

    private static byte? Flag(IEnumerable<CustomAttributeData> attributes, string name) =>
        attributes.FirstOrDefault(attribute => attribute.AttributeType.Name == name + "Attribute")?.ConstructorArguments[0].Value as byte?;

    private static long Number(object? value) => Convert.ToInt64(value, CultureInfo.InvariantCulture);

    // A type with a question mark wherever its compiler saw one.
    private static string Nullable(NullabilityInfo info)
    {
        var type = info.Type.IsByRef ? info.Type.GetElementType()! : info.Type;
        var mark = info.ReadState == NullabilityState.Nullable && !type.IsValueType && !type.IsGenericParameter ? "?" : "";
        if (System.Nullable.GetUnderlyingType(type) is { } value)
            return Name(value) + "?";
        if (info.ElementType is { } element)
            return Nullable(element) + "[]" + mark;
        return (info.GenericTypeArguments.Length > 0 ? $"{Short(type)}<{string.Join(", ", info.GenericTypeArguments.Select(Nullable))}>" : Name(type)) + mark;
    }

    private static string Name(Type type) =>
        type.IsArray ? Name(type.GetElementType()!) + "[]"
        : type.IsGenericType ? $"{Short(type)}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>"
        : Keywords.GetValueOrDefault(type, Short(type));

    // The name a type is declared with: its outer types, and in or out at its parameters.
    private static string Own(Type type) => (type.IsNested ? Own(type.DeclaringType!) + "." : "") + Short(type) + Generic(type.GetGenericArguments());

    private static string Generic(Type[] arguments) => arguments.Length == 0 ? "" : "<" + string.Join(", ", arguments.Select(argument =>
        (argument.GenericParameterAttributes.HasFlag(GenericParameterAttributes.Contravariant) ? "in "
            : argument.GenericParameterAttributes.HasFlag(GenericParameterAttributes.Covariant) ? "out " : "") + argument.Name)) + ">";

    private static string Short(Type type) => type.Name.Split('`')[0];

    private static bool IsSeen(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static bool IsRecord(Type type) =>
        type.GetMethod("<Clone>$") is not null || (type.IsValueType && type.GetMethod("PrintMembers", BindingFlags.NonPublic | BindingFlags.Instance) is not null);

    private static ParameterInfo[]? Positional(Type type) => !IsRecord(type) ? null : type.GetConstructors()
        .Select(constructor => constructor.GetParameters())
        .FirstOrDefault(parameters => parameters.Length > 0 && parameters.All(parameter => type.GetProperty(parameter.Name!) is not null));

    private static bool IsOfRecord(Type type, MemberInfo member) => IsRecord(type) && member switch
    {
        // Its copy, and the one its header shows.
        ConstructorInfo constructor => constructor.GetParameters() is [{ } only] && only.ParameterType == type
            || Positional(type) is { } shown && constructor.GetParameters().Length == shown.Length,
        PropertyInfo property => OfRecords.Contains(property.Name) || Positional(type)?.Any(parameter => parameter.Name == property.Name) == true,
        _ => OfRecords.Contains(member.Name),
    };

    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void", [typeof(object)] = "object", [typeof(string)] = "string", [typeof(bool)] = "bool", [typeof(byte)] = "byte",
        [typeof(int)] = "int", [typeof(long)] = "long", [typeof(uint)] = "uint", [typeof(ulong)] = "ulong", [typeof(ushort)] = "ushort",
        [typeof(short)] = "short", [typeof(double)] = "double", [typeof(float)] = "float", [typeof(char)] = "char", [typeof(decimal)] = "decimal",
    };
}
