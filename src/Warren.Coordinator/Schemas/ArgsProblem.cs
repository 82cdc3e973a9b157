namespace Warren.Coordinator.Schemas;

/// <summary>One place in a job's args that is not what its kind demands.</summary>
/// <param name="Pointer">The place, as a JSON pointer (RFC 6901); empty for the args as a whole.</param>
/// <param name="Message">What was found, and what was expected.</param>
/// <param name="IsOtherForm">Whether the value there is of another kind altogether, so that another of several forms may have been meant.</param>
/// <param name="IsOtherMark">Whether the value there is not the only one that is taken, as in a property that names one of several forms.</param>
internal sealed record ArgsProblem(string Pointer, string Message, bool IsOtherForm = false, bool IsOtherMark = false)
{
    /// <summary>The place and what is wrong there, in one sentence.</summary>
    public override string ToString() => Pointer.Length == 0 ? $"The args: {Message}" : $"{Pointer}: {Message}";
}
