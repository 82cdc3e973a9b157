namespace Warren.Broker.Routing;

/// <summary>Patterns by their words, so that a key is compared with all of them at once.</summary>
/// <remarks>
/// A key is matched word by word with the set of nodes its words so far can lead to, every node in it once. That costs at most the words
/// times the nodes, where trying the ways one after another would be exponential in the <c>#</c>s of a pattern, and it allocates nothing.
/// An empty key has no words; a dot always parts two words, be they empty.
/// </remarks>
internal sealed class TopicTrie
{
    private const string AnyWord = "*";
    private const string AnyWords = "#";

    private readonly Node _root = new(parent: null, word: "");
    private List<Node> _reached = [];
    private List<Node> _next = [];
    private long _step;

    /// <summary>True when there is no pattern and no node left of one.</summary>
    public bool IsEmpty => _root.IsUnused;

    /// <summary>Adds a binding by a pattern.</summary>
    public void Add(string pattern, IBindingDestination destination)
    {
        var node = _root;
        foreach (var word in new Words(pattern))
            node = node.GetOrAdd(word);
        (node.Destinations ??= new DestinationSet()).Add(destination);
    }

    /// <summary>Removes a binding by a pattern, and the nodes nothing needs any more.</summary>
    public void Remove(string pattern, IBindingDestination destination)
    {
        var node = _root;
        foreach (var word in new Words(pattern))
        {
            if (node.Get(word) is not { } child)
                return;
            node = child;
        }

        node.Destinations?.Remove(destination);
        if (node.Destinations is { Count: 0 })
            node.Destinations = null;
        for (; node is { IsUnused: true, Parent: { } parent }; node = parent)
            parent.Remove(node.Word);
    }

    /// <summary>Adds the destinations of every pattern that fits the key.</summary>
    public void Match(ReadOnlySpan<char> key, Destinations destinations)
    {
        Begin();
        Reach(_root);
        Advance();
        foreach (var word in new Words(key))
        {
            foreach (var node in _reached)
            {
                if (node.IsAnyWords)
                    Reach(node);
                if (node.AnyWord is { } anyWord)
                    Reach(anyWord);
                if (node.GetLiteral(word) is { } literal)
                    Reach(literal);
            }

            Advance();
        }

        foreach (var node in _reached)
        {
            if (node.Destinations is { } bound)
                destinations.AddAll(bound);
        }
    }

    private void Begin()
    {
        _next.Clear();
        _step++;
    }

    /// <summary>Puts a node into the next set, with the <c>#</c> below it that need not take a word.</summary>
    private void Reach(Node node)
    {
        for (var reached = node; reached is not null && reached.ReachedAt != _step; reached = reached.AnyWords)
        {
            reached.ReachedAt = _step;
            _next.Add(reached);
        }
    }

    private void Advance()
    {
        (_reached, _next) = (_next, _reached);
        Begin();
    }

    /// <summary>A pattern up to one of its words.</summary>
    private sealed class Node(Node? parent, string word)
    {
        private Dictionary<string, Node>? _literals;

        public Node? Parent { get; } = parent;

        public string Word { get; } = word;

        public bool IsAnyWords { get; } = word == TopicTrie.AnyWords;

        public Node? AnyWord { get; private set; }

        public Node? AnyWords { get; private set; }

        public DestinationSet? Destinations { get; set; }

        /// <summary>The step that reached the node last, so that none puts it into a set twice.</summary>
        public long ReachedAt { get; set; }

        public bool IsUnused => Destinations is null && AnyWord is null && AnyWords is null && _literals is not { Count: > 0 };

        public Node? GetLiteral(ReadOnlySpan<char> word) =>
            _literals is not null && _literals.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(word, out var node) ? node : null;

        public Node? Get(ReadOnlySpan<char> word) => word switch
        {
            TopicTrie.AnyWord => AnyWord,
            TopicTrie.AnyWords => AnyWords,
            _ => GetLiteral(word),
        };

        public Node GetOrAdd(ReadOnlySpan<char> word)
        {
            if (Get(word) is { } known)
                return known;
            var node = new Node(this, word.ToString());
            switch (node.Word)
            {
                case TopicTrie.AnyWord:
                    AnyWord = node;
                    break;
                case TopicTrie.AnyWords:
                    AnyWords = node;
                    break;
                default:
                    (_literals ??= new Dictionary<string, Node>(StringComparer.Ordinal)).Add(node.Word, node);
                    break;
            }

            return node;
        }

        public void Remove(string word)
        {
            switch (word)
            {
                case TopicTrie.AnyWord:
                    AnyWord = null;
                    break;
                case TopicTrie.AnyWords:
                    AnyWords = null;
                    break;
                default:
                    _literals?.Remove(word);
                    break;
            }
        }
    }

    /// <summary>The words between the dots of a key.</summary>
    private ref struct Words(ReadOnlySpan<char> key)
    {
        private ReadOnlySpan<char> _rest = key;
        private bool _more = !key.IsEmpty;

        public ReadOnlySpan<char> Current { get; private set; }

        public readonly Words GetEnumerator() => this;

        public bool MoveNext()
        {
            if (!_more)
                return false;
            var dot = _rest.IndexOf('.');
            _more = dot >= 0;
            Current = _more ? _rest[..dot] : _rest;
            _rest = _more ? _rest[(dot + 1)..] : default;
            return true;
        }
    }
}
