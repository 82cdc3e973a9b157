namespace Warren.Jobs.Tests.Worker;

/// <summary>Args of the tests.</summary>
internal sealed record Text(string Words);

/// <summary>Results of the tests.</summary>
internal sealed record Count(int Letters);

/// <summary>Kinds of the tests.</summary>
internal static class SampleKinds
{
    public static readonly JobKind<Text, Count> Count = new("text.count");

    public static readonly JobKind<System.Text.Json.JsonElement, Count> Any = new("any");
}
