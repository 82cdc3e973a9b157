namespace Warren.Broker.Protocol.Methods;

/// <summary>RabbitMQ: from now on every publish of the channel is confirmed.</summary>
internal readonly record struct ConfirmSelect(bool NoWait) : IAmqpMethod<ConfirmSelect>
{
    public static MethodId Id => MethodId.ConfirmSelect;

    public static ConfirmSelect Read(scoped ref AmqpReader reader) => new(reader.ReadBits()[0]);

    public int GetSize() => 1;

    public void Write(ref AmqpWriter writer) => writer.WriteBits(new AmqpBits(NoWait));
}

/// <summary>RabbitMQ: confirms have begun.</summary>
internal readonly record struct ConfirmSelectOk : IAmqpMethod<ConfirmSelectOk>
{
    public static MethodId Id => MethodId.ConfirmSelectOk;

    public static ConfirmSelectOk Read(scoped ref AmqpReader reader) => default;

    public int GetSize() => 0;

    public void Write(ref AmqpWriter writer)
    {
    }
}
