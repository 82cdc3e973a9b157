using System.Text.Encodings.Web;
using System.Text.Json;

namespace Warren.Interop.Tests;

/// <summary>JSON as the tests compare it: without spaces, letters as they are.</summary>
internal static class Json
{
    private static readonly JsonSerializerOptions AsItIs = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The value without spaces between its tokens.</summary>
    public static string Compact(JsonElement value) => JsonSerializer.Serialize(value, AsItIs);

    /// <summary>A property's text.</summary>
    public static string? Text(this JsonElement value, string name) => value.GetProperty(name).GetString();
}
