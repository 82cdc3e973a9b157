using System.ComponentModel.DataAnnotations;

namespace Warren.AI.Grading;

/// <summary>How work is graded, and the names a backend uses: the settings below <c>Warren:Grading</c>.</summary>
public sealed class GradingOptions
{
    /// <summary>The section of settings.</summary>
    public const string Section = "Warren:Grading";

    /// <summary>Whether the queues of a backend are consumed and the kinds are handled. The default is true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>The direct exchange that jobs and results go through. The default is <c>ai_grading</c>.</summary>
    [Required]
    public string Exchange { get; set; } = "ai_grading";

    /// <summary>The queue of writing jobs, bound with <c>writing</c>; also <c>WRITING_QUEUE</c>. The default is <c>writing_queue</c>.</summary>
    [Required]
    public string WritingQueue { get; set; } = "writing_queue";

    /// <summary>The queue of speaking jobs, bound with <c>speaking</c>; also <c>SPEAKING_QUEUE</c>. The default is <c>speaking_queue</c>.</summary>
    [Required]
    public string SpeakingQueue { get; set; } = "speaking_queue";

    /// <summary>The queue of results, bound with <c>result</c>; also <c>RESULT_QUEUE</c>. The default is <c>result_queue</c>.</summary>
    [Required]
    public string ResultQueue { get; set; } = "result_queue";

    /// <summary>
    /// The pattern of a NestJS message or event handler: results are wrapped as <c>{"pattern": …, "data": …}</c>. The default is none: results
    /// come as they are.
    /// </summary>
    public string? ResultPattern { get; set; }

    /// <summary>
    /// Hosts that recordings may be fetched from: <c>files.example.com</c>, <c>*.example.com</c>, with a port if it is not the scheme's,
    /// <c>127.0.0.1:9000</c>. The default is none, and then no recording is fetched.
    /// </summary>
    public IList<string> AudioHosts { get; } = [];

    /// <summary>The most bytes a recording has. The default is 25 MiB.</summary>
    [Range(1024, 1024 * 1024 * 1024)]
    public int MaxAudioBytes { get; set; } = 25 * 1024 * 1024;

    /// <summary>The longest recording that is graded. The default is 5 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan MaxAudioLength { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long fetching a recording may take in all. The default is 30 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan AudioTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The most UTF-16 units of an answer that is graded, and of its prompt; a longer one fails as <c>answer_too_long</c> or <c>prompt_too_long</c>. The default is 50,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxAnswerLength { get; set; } = 50_000;

    /// <summary>Where <c>warren engines install</c> puts engines. The default is <c>engines</c> in <c>Warren:Data</c>.</summary>
    public string? EnginesDirectory { get; set; }
}
