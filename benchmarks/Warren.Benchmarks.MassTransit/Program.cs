using Warren.Benchmarks.Libraries.Raw;
using Warren.Benchmarks.MassTransit;
using Warren.Benchmarks.Variants;

return await new VariantCatalog(MassTransitLibrary.Variants, RawPublish.FillAsync).AnswerAsync(args)
    ?? throw new ArgumentException($"Found the arguments '{string.Join(' ', args)}'; a verb of {nameof(VariantProtocol)} was expected.");
