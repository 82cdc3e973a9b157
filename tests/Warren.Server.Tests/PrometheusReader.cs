using System.Globalization;
using System.Text.RegularExpressions;

namespace Warren.Server.Tests;

/// <summary>Reads Prometheus' text format 0.0.4 and takes nothing that is not exactly it.</summary>
internal sealed partial class PrometheusReader
{
    private readonly Dictionary<string, string> _types = [];
    private readonly Dictionary<string, double> _samples = [];

    /// <summary>The type of each metric.</summary>
    public IReadOnlyDictionary<string, string> Types => _types;

    /// <summary>The samples, by name and labels as they are written.</summary>
    public IReadOnlyDictionary<string, double> Samples => _samples;

    public static PrometheusReader Read(string text)
    {
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\r", text, StringComparison.Ordinal);
        var reader = new PrometheusReader();
        var current = "";
        foreach (var line in text.TrimEnd('\n').Split('\n'))
        {
            if (line.StartsWith("# HELP ", StringComparison.Ordinal))
                Assert.Matches(@"^# HELP [a-zA-Z_:][a-zA-Z0-9_:]* ([^\\]|\\\\|\\n)+$", line);
            else if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
                current = reader.Begin(line);
            else if (line[0] != '#')
                reader.Sample(line, current);
        }
        reader.CheckHistograms();
        return reader;
    }

    private string Begin(string line)
    {
        var match = Regex.Match(line, "^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary|untyped)$");
        Assert.True(match.Success, line);
        Assert.True(_types.TryAdd(match.Groups[1].Value, match.Groups[2].Value), $"{line} is there twice.");
        return match.Groups[1].Value;
    }

    private void Sample(string line, string metric)
    {
        var match = SampleLine().Match(line);
        Assert.True(match.Success, $"'{line}' is no sample.");
        var name = match.Groups["name"].Value;
        var expected = _types[metric] == "histogram" ? new[] { $"{metric}_bucket", $"{metric}_sum", $"{metric}_count" } : [metric];
        Assert.Contains(name, expected);
        Assert.True(_types[metric] != "counter" || metric.EndsWith("_total", StringComparison.Ordinal), $"{metric} is a counter whose name does not end with _total.");
        var names = LabelName().Matches(match.Groups["labels"].Value).Select(label => label.Groups[1].Value).ToList();
        Assert.Equal(names.Distinct(), names);
        var value = match.Groups["value"].Value switch
        {
            "+Inf" => double.PositiveInfinity,
            "-Inf" => double.NegativeInfinity,
            "NaN" => double.NaN,
            var number => double.Parse(number, NumberStyles.Float, CultureInfo.InvariantCulture),
        };
        Assert.True(_samples.TryAdd($"{name}{{{match.Groups["labels"].Value}}}", value), $"'{line}' is there twice.");
    }

    private void CheckHistograms()
    {
        foreach (var series in _samples.Where(sample => sample.Key.Contains("_bucket{", StringComparison.Ordinal)).GroupBy(sample => Bound().Replace(sample.Key, "")))
        {
            var counts = series.Select(sample => sample.Value).ToList();
            Assert.Equal(counts.Order(), counts);
            Assert.Contains("le=\"+Inf\"", series.Last().Key, StringComparison.Ordinal);
            Assert.Equal(counts[^1], _samples[series.Key.Replace("_bucket{", "_count{", StringComparison.Ordinal)]);
        }
    }

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?<labels>[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\\\|\\"|\\n)*"(?:,[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\\\|\\"|\\n)*")*)\})? (?<value>[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?|[+-]Inf|NaN)$""")]
    private static partial Regex SampleLine();

    [GeneratedRegex("""(?:^|,)([a-zA-Z_][a-zA-Z0-9_]*)="(?:[^"\\]|\\.)*""")]
    private static partial Regex LabelName();

    [GeneratedRegex(",?le=\"[^\"]*\"")]
    private static partial Regex Bound();
}
