using Warren.Jobs;

namespace Warren.Coordinator.Storage;

/// <summary>A job, or what is left of it, that a new one is compared with.</summary>
internal sealed record EarlierJob(JobId Id, JobState State, string Kind, byte[] ArgsHash)
{
    /// <summary>The answer to whoever wanted to insert the same.</summary>
    public Insertion ToInsertion(NewJob job, InsertionMatch match) =>
        new(Id, State, IsNew: false, Kind == job.Record.Kind && job.ArgsHash.Span.SequenceEqual(ArgsHash), match);
}
