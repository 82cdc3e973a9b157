using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using Warren.Jobs;

namespace Warren.Server.Api;

/// <summary>The API in the words of OpenAPI 3.1, made of the routes themselves.</summary>
internal static class OpenApiDocument
{
    private static readonly JsonSchemaExporterOptions Exporter = new() { TreatNullObliviousAsNonNullable = true };

    /// <summary>The routes.</summary>
    public static IReadOnlyList<ApiRoute> Routes { get; } =
    [
        new("GET", "/openapi/v1.json", "This API, in OpenAPI 3.1.", Security.Role.Viewer, call => call.AnswerJsonAsync(Encoding.UTF8.GetBytes(Create(call.Root).ToJsonString(JobJson.Options)))),
    ];

    /// <summary>The document.</summary>
    /// <param name="root">Where the API begins.</param>
    public static JsonObject Create(string root)
    {
        var schemas = new JsonObject { [nameof(ProblemView)] = Schema(typeof(ProblemView)) };
        var paths = new JsonObject();
        foreach (var pattern in ApiRoutes.All.GroupBy(route => ApiRoutes.PathParameter().Replace(route.Pattern, "{x}")))
        {
            // The names of parameters make no other path in OpenAPI: POST takes a kind where GET takes an id.
            var names = pattern.Select(NamesOf).Aggregate((one, two) => [.. one.Zip(two, (a, b) => a == b ? a : $"{a}_or_{b}")]);
            var path = new JsonObject();
            foreach (var route in pattern)
#pragma warning disable CA1308 // OpenAPI writes methods in lower case.
                path[route.Method.ToLowerInvariant()] = Operation(route, names, schemas);
#pragma warning restore CA1308
            paths[Template(pattern.First().Pattern, names)] = path;
        }
        return new()
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject { ["title"] = "Warren", ["version"] = ServerSetup.Version, ["description"] = "Durable background jobs: submit, watch, cancel, look after." },
            ["servers"] = new JsonArray(new JsonObject { ["url"] = root.Length == 0 ? "/" : root }),
            ["security"] = new JsonArray(new JsonObject { ["key"] = new JsonArray() }, new JsonObject()),
            ["paths"] = paths,
            ["components"] = new JsonObject
            {
                ["schemas"] = schemas,
                ["securitySchemes"] = new JsonObject { ["key"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer" } },
            },
        };
    }

    private static string[] NamesOf(ApiRoute route) => [.. ApiRoutes.PathParameter().Matches(route.Pattern).Select(match => match.Groups[1].Value)];

    private static string Template(string pattern, string[] names)
    {
        var next = 0;
        return ApiRoutes.PathParameter().Replace(pattern, _ => $"{{{names[next++]}}}");
    }

    private static JsonObject Operation(ApiRoute route, string[] names, JsonObject schemas)
    {
        var parameters = new JsonArray();
        foreach (var name in names)
            parameters.Add((JsonNode)Parameter(name, "path", true));
        foreach (var name in route.Query)
            parameters.Add((JsonNode)Parameter(name, "query", false));
        foreach (var name in route.Headers)
            parameters.Add((JsonNode)Parameter(name, "header", false));
        var operation = new JsonObject
        {
            ["summary"] = route.Summary,
            ["description"] = route.Role is { } role ? $"Needs a key of the role {Security.Roles.Name(role)} or more, if there are keys." : "Needs no key.",
        };
        if (parameters.Count > 0)
            operation["parameters"] = parameters;
        if (route.IsWrite && (route.Body is not null || route.TakesAnyJson))
            operation["requestBody"] = new JsonObject { ["required"] = !route.MayBeEmpty, ["content"] = Content("application/json", route.Body, schemas) };
        var responses = new JsonObject { [$"{route.Status}"] = Response("It is done.", route.MediaType, route.Answer, schemas) };
        if (route.Status == 202)
            responses["200"] = Response("The job has ended within the time of Prefer: wait.", route.MediaType, route.Answer, schemas);
        responses["default"] = Response("It is refused.", "application/problem+json", typeof(ProblemView), schemas);
        operation["responses"] = responses;
        return operation;
    }

    private static JsonObject Parameter(string name, string place, bool isRequired) => new()
    {
        ["name"] = name, ["in"] = place, ["required"] = isRequired, ["schema"] = new JsonObject { ["type"] = "string" },
    };

    private static JsonObject Response(string description, string mediaType, Type? type, JsonObject schemas) =>
        new() { ["description"] = description, ["content"] = Content(mediaType, type, schemas) };

    private static JsonObject Content(string mediaType, Type? type, JsonObject schemas)
    {
        if (type is null)
            return new() { [mediaType] = new JsonObject() };
        if (!schemas.ContainsKey(type.Name))
            schemas[type.Name] = Schema(type);
        return new() { [mediaType] = new JsonObject { ["schema"] = new JsonObject { ["$ref"] = $"#/components/schemas/{type.Name}" } } };
    }

    private static JsonNode Schema(Type type) => Rebase(JobJson.Options.GetJsonSchemaAsNode(type, Exporter), $"#/components/schemas/{type.Name}");

    // What the exporter refers to from the schema's root is here further in.
    private static JsonNode Rebase(JsonNode node, string root)
    {
        if (node is JsonObject schema)
        {
            foreach (var (name, value) in schema.ToList())
            {
                if (name == "$ref" && value?.GetValueKind() == JsonValueKind.String && value.GetValue<string>() is ['#', .. var rest])
                    schema[name] = root + rest;
                else if (value is not null)
                    Rebase(value, root);
            }
        }
        else if (node is JsonArray array)
        {
            foreach (var item in array.OfType<JsonNode>())
                Rebase(item, root);
        }
        return node;
    }
}
