namespace Warren.Broker.Protocol.Methods;

/// <summary>From now on publishes and acks of the channel wait for a commit.</summary>
internal readonly record struct TxSelect : IAmqpMethod<TxSelect>
{
    public static MethodId Id => MethodId.TxSelect;

    public static TxSelect Read(scoped ref AmqpReader reader) => default;

    public int GetSize() => 0;

    public void Write(ref AmqpWriter writer)
    {
    }
}

/// <summary>The channel is transactional.</summary>
internal readonly record struct TxSelectOk : IAmqpMethod<TxSelectOk>
{
    public static MethodId Id => MethodId.TxSelectOk;

    public static TxSelectOk Read(scoped ref AmqpReader reader) => default;

    public int GetSize() => 0;

    public void Write(ref AmqpWriter writer)
    {
    }
}

/// <summary>Makes what waits come true.</summary>
internal readonly record struct TxCommit : IAmqpMethod<TxCommit>
{
    public static MethodId Id => MethodId.TxCommit;

    public static TxCommit Read(scoped ref AmqpReader reader) => default;

    public int GetSize() => 0;

    public void Write(ref AmqpWriter writer)
    {
    }
}

/// <summary>It came true.</summary>
internal readonly record struct TxCommitOk : IAmqpMethod<TxCommitOk>
{
    public static MethodId Id => MethodId.TxCommitOk;

    public static TxCommitOk Read(scoped ref AmqpReader reader) => default;

    public int GetSize() => 0;

    public void Write(ref AmqpWriter writer)
    {
    }
}

/// <summary>Forgets what waits.</summary>
internal readonly record struct TxRollback : IAmqpMethod<TxRollback>
{
    public static MethodId Id => MethodId.TxRollback;

    public static TxRollback Read(scoped ref AmqpReader reader) => default;

    public int GetSize() => 0;

    public void Write(ref AmqpWriter writer)
    {
    }
}

/// <summary>It is forgotten.</summary>
internal readonly record struct TxRollbackOk : IAmqpMethod<TxRollbackOk>
{
    public static MethodId Id => MethodId.TxRollbackOk;

    public static TxRollbackOk Read(scoped ref AmqpReader reader) => default;

    public int GetSize() => 0;

    public void Write(ref AmqpWriter writer)
    {
    }
}
