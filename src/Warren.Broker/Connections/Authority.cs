using Warren.Broker.Protocol;

namespace Warren.Broker.Connections;

/// <summary>What a user may do in a virtual host, with what was asked before remembered: every publish asks.</summary>
internal sealed class Authority(User user, string virtualHost)
{
    private readonly Dictionary<(string Verb, string Name), bool> _known = [];
    private (string Verb, string Name) _last;

    /// <summary>The user's name.</summary>
    public string UserName => user.Name;

    /// <summary>True when the user may publish under other users' names.</summary>
    public bool MayImpersonate => user.Tags.Contains("impersonator");

    /// <summary>Refuses a user who may not declare or delete this.</summary>
    public void DemandConfigure(string resource, string name) => Demand("configure", resource, name);

    /// <summary>Refuses a user who may not publish to or bind this.</summary>
    public void DemandWrite(string resource, string name) => Demand("write", resource, name);

    /// <summary>Refuses a user who may not consume from or bind to this.</summary>
    public void DemandRead(string resource, string name) => Demand("read", resource, name);

    private void Demand(string verb, string resource, string name)
    {
        // Runs of publishes go to one exchange.
        if (ReferenceEquals(_last.Verb, verb) && _last.Name == name)
            return;
        if (!_known.TryGetValue((verb, name), out var may))
        {
            // The default exchange has a name here that patterns can match.
            var shown = name.Length == 0 ? "amq.default" : name;
            may = verb switch
            {
                "configure" => user.CanConfigure(virtualHost, shown),
                "write" => user.CanWrite(virtualHost, shown),
                _ => user.CanRead(virtualHost, shown),
            };
            if (_known.Count < 1024)
                _known.Add((verb, name), may);
        }

        if (!may)
        {
            throw AmqpException.Channel(
                ReplyCode.AccessRefused, $"access to {resource} '{(name.Length == 0 ? "amq.default" : name)}' in vhost '{virtualHost}' refused for user '{user.Name}'");
        }

        _last = (verb, name);
    }
}
