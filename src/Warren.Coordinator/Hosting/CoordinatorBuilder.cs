using Microsoft.Extensions.DependencyInjection;
using Warren.Coordinator.Storage;
using Warren.Jobs.Contracts;

namespace Warren.Coordinator.Hosting;

/// <summary>Says where an app's jobs are kept, and which contracts it speaks.</summary>
public sealed class CoordinatorBuilder
{
    internal CoordinatorBuilder(IServiceCollection services) => Services = services;

    /// <summary>The services of the application.</summary>
    public IServiceCollection Services { get; }

    internal StoreAddress? Address { get; private set; }

    /// <summary>Keeps the jobs in a SQLite file, which belongs to this process alone.</summary>
    /// <param name="path">The file; made if it does not exist.</param>
    public CoordinatorBuilder UseSqlite(string path) => UseStore($"sqlite:{path}");

    /// <summary>Keeps the jobs in PostgreSQL, which several coordinators may share.</summary>
    /// <param name="connectionString">A URL (<c>postgres://user:password@host:5432/database</c>) or a connection string of Npgsql.</param>
    public CoordinatorBuilder UsePostgres(string connectionString)
    {
        var address = Parse(connectionString);
        if (address.IsSqlite)
            throw new ArgumentException("An address of PostgreSQL was expected, and one of SQLite was found.", nameof(connectionString));
        Address = address;
        return this;
    }

    /// <summary>Keeps the jobs where an address says.</summary>
    /// <param name="address"><c>sqlite:PATH</c>, <c>postgres://…</c>, or a connection string of Npgsql.</param>
    /// <exception cref="ArgumentException">It is none of these; the message says what was found.</exception>
    public CoordinatorBuilder UseStore(string address)
    {
        Address = Parse(address);
        return this;
    }

    /// <summary>Changes settings; they come after those of the section <c>Warren:Coordinator</c>.</summary>
    public CoordinatorBuilder Configure(Action<CoordinatorOptions> configure)
    {
        // What is configured is bound later than this is called, and code is to win.
        Services.PostConfigure(configure);
        return this;
    }

    /// <summary>Speaks a contract: consumes its queues, and sends what it makes of events.</summary>
    public CoordinatorBuilder AddContract<TContract>()
        where TContract : class, IJobContract
    {
        Services.AddSingleton<IJobContract, TContract>();
        return this;
    }

    private static StoreAddress Parse(string address)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(address);
        try
        {
            return StoreAddress.Parse(address);
        }
        catch (FormatException error)
        {
            throw new ArgumentException(error.Message, nameof(address), error);
        }
    }
}
