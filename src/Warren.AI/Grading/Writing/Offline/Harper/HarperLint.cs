namespace Warren.AI.Grading.Writing.Offline.Harper;

/// <summary>What Harper found: the form of <c>engines/harper/harper.mjs</c>.</summary>
/// <param name="Start">Where it begins, in UTF-16 units.</param>
/// <param name="End">Where it ends, exclusive.</param>
/// <param name="Kind">Harper's own word for what kind of problem it is.</param>
/// <param name="Message">Why.</param>
/// <param name="Suggestions">What to write instead, the likeliest first; empty to leave it out.</param>
internal sealed record HarperLint(int Start, int End, string Kind, string Message, IReadOnlyList<string> Suggestions);

/// <summary>What the engine answers.</summary>
/// <param name="Lints">What was found, in the order of places.</param>
internal sealed record HarperResult(IReadOnlyList<HarperLint> Lints);
