using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Warren.Jobs.Hosting;

/// <summary>Registers what the worker of an application does. Complete before the host starts.</summary>
public sealed class WorkerBuilder
{
    internal WorkerBuilder(IServiceCollection services) => Services = services;

    /// <summary>The services of the application.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Does a kind of job with a handler class: <see cref="JobHandlerBuilder{TArgs, TResult}.With"/> names it.</summary>
    /// <param name="kind">The kind. It can be registered once.</param>
    /// <param name="configure">How it is done.</param>
    public JobHandlerBuilder<TArgs, TResult> Handle<TArgs, TResult>(JobKind<TArgs, TResult> kind, Action<JobKindOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(kind);
        return new(this, kind, configure);
    }

    /// <summary>Does a kind of job with a function.</summary>
    /// <inheritdoc cref="Handle{TArgs, TResult}(JobKind{TArgs, TResult}, Action{JobKindOptions}, Func{TArgs, JobContext, CancellationToken, Task{TResult}})"/>
    public WorkerBuilder Handle<TArgs, TResult>(JobKind<TArgs, TResult> kind, Func<TArgs, JobContext, CancellationToken, Task<TResult>> handler) =>
        Handle(kind, configure: null, handler);

    /// <summary>Does a kind of job with a function.</summary>
    /// <param name="kind">The kind. It can be registered once.</param>
    /// <param name="configure">How it is done.</param>
    /// <param name="handler">Does the job, by the rules of <see cref="IJobHandler{TArgs, TResult}.HandleAsync"/>.</param>
    public WorkerBuilder Handle<TArgs, TResult>(
        JobKind<TArgs, TResult> kind, Action<JobKindOptions>? configure, Func<TArgs, JobContext, CancellationToken, Task<TResult>> handler)
    {
        ArgumentNullException.ThrowIfNull(kind);
        ArgumentNullException.ThrowIfNull(handler);
        return Add(kind, configure, (_, args, job, cancellationToken) => handler(args, job, cancellationToken));
    }

    internal WorkerBuilder Add<TArgs, TResult>(
        JobKind<TArgs, TResult> kind, Action<JobKindOptions>? configure, Func<IServiceProvider, TArgs, JobContext, CancellationToken, Task<TResult>> handle)
    {
        var options = new JobKindOptions();
        configure?.Invoke(options);
        Services.AddSingleton(JobRegistration.Of(kind, options, handle));
        return this;
    }
}

/// <summary>A kind that waits for its handler class.</summary>
/// <typeparam name="TArgs">The args of the kind.</typeparam>
/// <typeparam name="TResult">Its result.</typeparam>
public sealed class JobHandlerBuilder<TArgs, TResult>
{
    private readonly WorkerBuilder _worker;
    private readonly JobKind<TArgs, TResult> _kind;
    private readonly Action<JobKindOptions>? _configure;

    internal JobHandlerBuilder(WorkerBuilder worker, JobKind<TArgs, TResult> kind, Action<JobKindOptions>? configure)
    {
        _worker = worker;
        _kind = kind;
        _configure = configure;
    }

    /// <summary>Names the handler class, registered as scoped unless it already is: each attempt has a scope of its own.</summary>
    public WorkerBuilder With<THandler>()
        where THandler : class, IJobHandler<TArgs, TResult>
    {
        _worker.Services.TryAddScoped<THandler>();
        return _worker.Add(_kind, _configure, (services, args, job, cancellationToken) =>
            services.GetRequiredService<THandler>().HandleAsync(args, job, cancellationToken));
    }
}
