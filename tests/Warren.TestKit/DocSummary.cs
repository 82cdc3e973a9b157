using System.Collections.Concurrent;
using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Warren.TestKit;

/// <summary>Summaries of the code's own documentation, as a cell of a Markdown table.</summary>
public static partial class DocSummary
{
    private static readonly ConcurrentDictionary<Assembly, Dictionary<string, XElement>> Documentation = new();

    /// <summary>The summary of a property, on one line.</summary>
    public static string Of(PropertyInfo property)
    {
        var type = property.DeclaringType!;
        var summary = Documentation.GetOrAdd(type.Assembly, Read)[$"P:{type.FullName}.{property.Name}"];
        var text = string.Concat(summary.Nodes().Select(node => node switch
        {
            XText plain => plain.Value,
            XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
            XElement reference => $"`{reference.Attribute("cref")!.Value.Split('.')[^1]}`",
            _ => "",
        }));
        return WhiteSpace().Replace(text, " ").Trim();
    }

    private static Dictionary<string, XElement> Read(Assembly assembly) => XDocument.Load(Path.ChangeExtension(assembly.Location, ".xml"))
        .Descendants("member")
        .Where(member => member.Element("summary") is not null)
        .ToDictionary(member => member.Attribute("name")!.Value, member => member.Element("summary")!, StringComparer.Ordinal);

    [GeneratedRegex(@"\s+")]
    private static partial Regex WhiteSpace();
}
