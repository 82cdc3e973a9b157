using System.Globalization;
using System.Text;

namespace Warren.Server.Metrics;

/// <summary>Writes metrics in Prometheus' text format 0.0.4.</summary>
internal sealed class PrometheusText
{
    /// <summary>The media type.</summary>
    public const string MediaType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly StringBuilder _text = new();

    /// <summary>A metric's name: dots become underscores, the unit and <c>total</c> stand at its end.</summary>
    public static string Name(string name, string? unit, bool isCounter)
    {
        var plain = new StringBuilder();
        foreach (var c in name)
            plain.Append(char.IsAsciiLetterOrDigit(c) || c is '_' or ':' ? c : '_');
        if (plain.Length == 0 || char.IsAsciiDigit(plain[0]))
            plain.Insert(0, '_');
        var suffix = unit switch { "s" => "_seconds", "ms" => "_milliseconds", "By" => "_bytes", _ => "" };
        if (suffix.Length > 0 && !plain.ToString().EndsWith(suffix, StringComparison.Ordinal))
            plain.Append(suffix);
        if (isCounter && !plain.ToString().EndsWith("_total", StringComparison.Ordinal))
            plain.Append("_total");
        return plain.ToString();
    }

    /// <summary>Labels as they stand between braces, in the order of their names; empty without any.</summary>
    public static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.Length == 0)
            return "";
        var sorted = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in tags)
            sorted[LabelName(name)] = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        return string.Join(',', sorted.Select(label => $"{label.Key}=\"{Escape(label.Value)}\""));
    }

    /// <summary>Labels with one more.</summary>
    public static string With(string labels, string name, string value) => labels.Length == 0 ? $"{name}=\"{Escape(value)}\"" : $"{labels},{name}=\"{Escape(value)}\"";

    /// <summary>Begins a metric; its samples follow.</summary>
    public void Begin(string name, string? description, string type)
    {
        if (!string.IsNullOrEmpty(description))
            _text.Append("# HELP ").Append(name).Append(' ').Append(description.Replace("\\", @"\\", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal)).Append('\n');
        _text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
    }

    /// <summary>Writes a sample.</summary>
    public void Sample(string name, string labels, double value)
    {
        _text.Append(name);
        if (labels.Length > 0)
            _text.Append('{').Append(labels).Append('}');
        _text.Append(' ').Append(value switch
        {
            double.PositiveInfinity => "+Inf",
            double.NegativeInfinity => "-Inf",
            double.NaN => "NaN",
            _ => value.ToString("R", CultureInfo.InvariantCulture),
        }).Append('\n');
    }

    /// <summary>Writes a metric of samples at once.</summary>
    public void Metric(string name, string description, string type, IEnumerable<(string Labels, double Value)> samples)
    {
        Begin(name, description, type);
        foreach (var (labels, value) in samples)
            Sample(name, labels, value);
    }

    /// <summary>Writes a comment.</summary>
    public void Comment(string text) => _text.Append("# ").Append(text.Replace('\n', ' ')).Append('\n');

    /// <inheritdoc/>
    public override string ToString() => _text.ToString();

    private static string LabelName(string name)
    {
        var plain = new StringBuilder();
        foreach (var c in name)
            plain.Append(char.IsAsciiLetterOrDigit(c) || c == '_' ? c : '_');
        return plain.Length == 0 || char.IsAsciiDigit(plain[0]) ? "_" + plain : plain.ToString();
    }

    private static string Escape(string value) => value
        .Replace("\\", @"\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal);
}
