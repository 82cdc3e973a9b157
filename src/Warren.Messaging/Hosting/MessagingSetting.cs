using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;

namespace Warren.Messaging.Hosting;

/// <summary>One configuration key of <see cref="MessagingOptions"/>: how it is read, checked and shown.</summary>
internal sealed class MessagingSetting
{
    private readonly PropertyInfo? _owner;
    private readonly PropertyInfo _property;
    private readonly RangeAttribute? _range;

    private MessagingSetting(PropertyInfo? owner, PropertyInfo property)
    {
        _owner = owner;
        _property = property;
        _range = property.GetCustomAttribute<RangeAttribute>();
        Key = owner is null ? property.Name : $"{owner.Name}:{property.Name}";
        Type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
    }

    /// <summary>Every setting with one value, in the order of declaration. The key ring is not among them.</summary>
    public static IReadOnlyList<MessagingSetting> All { get; } = [.. Declared()];

    /// <summary>The key below the bus's section, such as <c>Compression:Threshold</c>.</summary>
    public string Key { get; }

    /// <summary>The type of its value.</summary>
    public Type Type { get; }

    /// <summary>The property behind it.</summary>
    public PropertyInfo Property => _property;

    /// <summary>Whether its value is kept out of every text, and may be read from the file that <c>&lt;Key&gt;File</c> names.</summary>
    public bool IsSecret => Key == nameof(MessagingOptions.Url);

    /// <summary>What a value has to look like, with its bounds.</summary>
    public string Expected => Kind + (_range is null ? "" : $" from {Format(Limit(_range.Minimum))} to {Format(Limit(_range.Maximum))}");

    private string Kind => Type switch
    {
        _ when Type == typeof(bool) => SettingWords.ExpectedFlag,
        _ when Type == typeof(int) => "a whole number",
        _ when Type == typeof(TimeSpan) => "a time as hours:minutes:seconds",
        { IsEnum: true } => string.Join(" or ", Enum.GetNames(Type)),
        _ => "text",
    };

    /// <summary>Its value in the given options.</summary>
    public object? Get(MessagingOptions options) => _property.GetValue(Owner(options));

    /// <summary>Puts a value that <see cref="TryParse"/> made into the options.</summary>
    public void Set(MessagingOptions options, object? value) => _property.SetValue(Owner(options), value);

    /// <summary>Whether the value lies within its bounds.</summary>
    public bool IsInRange(object? value) => _range is null || _range.IsValid(value);

    /// <summary>Reads a configured text; false if it is not <see cref="Expected"/>. Bounds are checked later, over what code sets too.</summary>
    public bool TryParse(string text, out object? value)
    {
        value = null;
        text = text.Trim();
        if (Type == typeof(string))
            value = text;
        else if (Type == typeof(bool))
            value = SettingWords.TryParseFlag(text, out var flag) ? flag : null;
        else if (Type == typeof(int))
            value = int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
        // A bare number would be days to TimeSpan: nobody who writes PublishTimeout=30 means a month.
        else if (Type == typeof(TimeSpan))
            value = text.Contains(':', StringComparison.Ordinal) && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time) ? time : null;
        else if (Type.IsEnum)
            value = Enum.GetNames(Type).FirstOrDefault(name => name.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } name ? Enum.Parse(Type, name) : null;
        return value is not null;
    }

    /// <summary>A value as it is written in configuration.</summary>
    public static string Format(object? value) => value switch
    {
        null => "none",
        TimeSpan time => time.ToString(time.Milliseconds == 0 ? "c" : @"hh\:mm\:ss\.fff", CultureInfo.InvariantCulture),
        bool flag => flag ? "true" : "false",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    private static object Limit(object limit) => limit is string text ? TimeSpan.Parse(text, CultureInfo.InvariantCulture) : limit;

    private object Owner(MessagingOptions options) => _owner is null ? options : _owner.GetValue(options)!;

    private static IEnumerable<MessagingSetting> Declared()
    {
        foreach (var property in typeof(MessagingOptions).GetProperties())
        {
            if (IsValue(property))
                yield return new MessagingSetting(owner: null, property);
            if (property.PropertyType.Assembly != typeof(MessagingOptions).Assembly)
                continue;
            foreach (var inner in property.PropertyType.GetProperties().Where(IsValue))
                yield return new MessagingSetting(property, inner);
        }
    }

    private static bool IsValue(PropertyInfo property) =>
        property.CanWrite
        && (Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType) is { } type
        && (type == typeof(string) || type == typeof(bool) || type == typeof(int) || type == typeof(TimeSpan) || type.IsEnum);
}
