using System.Text.Json;

namespace Warren.Benchmarks.Variants;

/// <summary>The variants a program can run, and the far end of <see cref="VariantProtocol"/>.</summary>
/// <param name="variants">Its variants.</param>
/// <param name="fillAsync">Fills the queue of a job.</param>
internal sealed class VariantCatalog(
    IEnumerable<Variant> variants, Func<VariantJob, FillMessage, CancellationToken, Task<VariantReport>> fillAsync)
{
    private readonly List<Variant> _variants = [.. variants];

    /// <summary>Answers the verb of the command line, if it is one of the protocol's. Null if not.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int?> AnswerAsync(string[] args)
    {
        if (args is not [VariantProtocol.ListVerb or VariantProtocol.FillVerb or VariantProtocol.RunVerb])
            return null;
        try
        {
            object answer = args[0] switch
            {
                VariantProtocol.ListVerb => _variants.Select(static variant => variant.Description),
                VariantProtocol.FillVerb => await FillAsync(await ReadJobAsync()),
                _ => await RunAsync(await ReadJobAsync()),
            };
            await Console.Out.WriteLineAsync(JsonSerializer.Serialize(answer, VariantProtocol.Json));
            return 0;
        }
        catch (Exception error)
        {
            // The edge of the process: the bench reads the reason from here.
            await Console.Error.WriteLineAsync(error.ToString());
            return 1;
        }
    }

    private Task<VariantReport> FillAsync(VariantJob job) => fillAsync(job, Find(job).Fill(job.Size), CancellationToken.None);

    private Task<VariantReport> RunAsync(VariantJob job) => Find(job).MeasureAsync(job, CancellationToken.None);

    private Variant Find(VariantJob job) =>
        _variants.Find(variant =>
            variant.Description.Work == job.Work && variant.Description.Library == job.Library && variant.Description.Name == job.Variant)
        ?? throw new VariantFailedException($"There is no variant {job.Work} {job.Library} {job.Variant} here.");

    private static async Task<VariantJob> ReadJobAsync() =>
        JsonSerializer.Deserialize<VariantJob>(await Console.In.ReadToEndAsync(), VariantProtocol.Json)
        ?? throw new VariantFailedException("The job was null.");
}
