namespace Warren.Broker.Protocol;

/// <summary>What a frame carries (AMQP 0-9-1 §4.2.3); heartbeats are 8, as every broker and client has it, whatever the prose says.</summary>
internal enum FrameType : byte
{
    Method = 1,
    Header = 2,
    Body = 3,
    Heartbeat = 8,
}
