using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Warren.Jobs;
using Warren.TestKit;

namespace Warren.Interop.Tests.Jobs;

/// <summary>A coordinator on an empty virtual host, with its jobs in a file of its own, and the Python programs around it.</summary>
internal sealed class JobServer : IAsyncDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("warren-interop-");
    private readonly List<PythonProcess> _processes = [];
    private readonly IHost _host;
    private readonly string _url;

    private JobServer(string url, TimeSpan lease)
    {
        _url = url;
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Services.AddWarrenMessaging(options => options.Url = url);
        builder.Services.AddWarrenCoordinator(coordinator => coordinator
            .UseSqlite(Path.Combine(_directory.FullName, "jobs.db"))
            .Configure(options => (options.Lease, options.Grace, options.ScheduleInterval) = (lease, TimeSpan.FromSeconds(0.2), TimeSpan.FromSeconds(0.05))));
        _host = builder.Build();
    }

    public IJobClient Jobs => _host.Services.GetRequiredService<IJobClient>();

    public static async Task<JobServer> StartAsync(RabbitMqFixture broker, double lease = 15)
    {
        var server = new JobServer(await broker.NewVirtualHostAsync(), TimeSpan.FromSeconds(lease));
        await server._host.StartAsync();
        return server;
    }

    /// <summary>Starts a worker and returns once a coordinator has answered it.</summary>
    public async Task<PythonProcess> StartWorkerAsync(string kind)
    {
        var worker = await StartAsync("python/job_worker.py", kind);
        Assert.Equal("ready", await worker.NextLineAsync());
        return worker;
    }

    public Task<PythonProcess> StartProducerAsync(string kind, string args) => StartAsync("python/job_producer.py", kind, args);

    /// <summary>The job, once it is as it should be.</summary>
    public async Task<Job> UntilAsync(JobId id, Func<Job, bool> accept, string what) =>
        (await Eventually.GetAsync(() => Jobs.GetAsync(id), job => job is not null && accept(job), what))!;

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
            await process.DisposeAsync();
        await _host.StopAsync();
        _host.Dispose();
        _directory.Delete(recursive: true);
    }

    private async Task<PythonProcess> StartAsync(string script, params string[] arguments)
    {
        var process = await PythonProcess.StartAsync(script, _url, arguments);
        _processes.Add(process);
        return process;
    }
}
