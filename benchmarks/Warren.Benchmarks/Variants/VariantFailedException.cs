namespace Warren.Benchmarks.Variants;

/// <summary>A run that ended badly, or whose messages do not add up: its figures count for nothing.</summary>
internal sealed class VariantFailedException(string message) : Exception(message);
