namespace Warren.TestKit;

/// <summary>Which broker a run of the tests is on.</summary>
public enum BrokerChoice
{
    /// <summary>A RabbitMQ node that the tests start.</summary>
    RabbitMq,

    /// <summary>The embedded broker: <c>WARREN_TEST_BROKER=embedded</c>.</summary>
    Embedded,

    /// <summary>A broker somebody else runs: <c>WARREN_TEST_AMQP</c> is its URL.</summary>
    External,
}
