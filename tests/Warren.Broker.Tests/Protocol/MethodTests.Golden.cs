using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;

namespace Warren.Broker.Tests.Protocol;

/// <summary>Every method with the octets it has on the wire; most were written by another implementation (pamqp 3.2.1), the rest by hand.</summary>
public sealed partial class MethodTests
{
    private static readonly MethodCase[] Golden =
    [
        Of<ConnectionStart>(new(0, 9, Of(("product", "RabbitMQ")), "PLAIN AMQPLAIN"u8.ToArray(), "en_US"u8.ToArray()),
            "000a000a 0009000000150770726f6475637453000000085261626269744d510000000e504c41494e20414d51504c41494e00000005656e5"
            + "f5553"),
        Of<ConnectionStartOk>(new(Of(("product", "p")), "PLAIN", "\0guest\0guest"u8.ToArray(), "en_US"),
            "000a000b 0000000e0770726f6475637453000000017005504c41494e0000000c00677565737400677565737405656e5f5553"),
        Of<ConnectionSecure>(new("who?"u8.ToArray()), "000a0014 0000000477686f3f"),
        Of<ConnectionSecureOk>(new("me"u8.ToArray()), "000a0015 000000026d65"),
        Of<ConnectionTune>(new(2047, 131072, 60), "000a001e 07ff00020000003c"),
        Of<ConnectionTuneOk>(new(2047, 131072, 30), "000a001f 07ff00020000001e"),
        Of<ConnectionOpen>(new("/prod"), "000a0028 052f70726f640000"),
        Of<ConnectionOpenOk>(new(), "000a0029 00"),
        Of<ConnectionClose>(new(ReplyCode.NotFound, "no queue", MethodId.QueueDeclare), "000a0032 0194086e6f2071756575650032000a"),
        Of<ConnectionCloseOk>(new(), "000a0033"),
        Of<ConnectionBlocked>(new("low on disk"), "000a003c 0b6c6f77206f6e206469736b"),
        Of<ConnectionUnblocked>(new(), "000a003d"),
        Of<ConnectionUpdateSecret>(new("token"u8.ToArray(), "expired"), "000a0046 00000005746f6b656e0765787069726564"),
        Of<ConnectionUpdateSecretOk>(new(), "000a0047"),
        Of<ChannelOpen>(new(), "0014000a 00"),
        Of<ChannelOpenOk>(new(), "0014000b 00000000"),
        Of<ChannelFlow>(new(true), "00140014 01"),
        Of<ChannelFlowOk>(new(false), "00140015 00"),
        Of<ChannelClose>(new(ReplyCode.PreconditionFailed, "unknown delivery tag 1", MethodId.BasicAck),
            "00140028 019616756e6b6e6f776e2064656c6976657279207461672031003c0050"),
        Of<ChannelCloseOk>(new(), "00140029"),
        Of<AccessRequest>(new("/data", true, false, true, false, true), "001e000a 052f6461746115"),
        Of<AccessRequestOk>(new(1), "001e000b 0001"),
        Of<ExchangeDeclare>(new("logs", "topic", false, true, false, true, false, Of(("alternate-exchange", "rest"))),
            "0028000a 0000046c6f677305746f7069630a0000001c12616c7465726e6174652d65786368616e6765530000000472657374"),
        Of<ExchangeDeclareOk>(new(), "0028000b"),
        Of<ExchangeDelete>(new("logs", true, false), "00280014 0000046c6f677301"),
        Of<ExchangeDeleteOk>(new(), "00280015"),
        Of<ExchangeBind>(new("to", "from", "a.#", true, FieldTable.Empty), "0028001e 000002746f0466726f6d03612e230100000000"),
        Of<ExchangeBindOk>(new(), "0028001f"),
        Of<ExchangeUnbind>(new("to", "from", "a.#", false, Of(("x", true))), "00280028 000002746f0466726f6d03612e23000000000401787401"),
        Of<ExchangeUnbindOk>(new(), "00280033"),
        Of<QueueDeclare>(new("jobs", false, true, false, true, true, Of(("x-queue-type", "quorum"))),
            "0032000a 0000046a6f62731a000000180c782d71756575652d74797065530000000671756f72756d"),
        Of<QueueDeclareOk>(new("jobs", 3, 2), "0032000b 046a6f62730000000300000002"),
        Of<QueueBind>(new("jobs", "logs", "key", false, Of(("x-match", "any"))),
            "00320014 0000046a6f6273046c6f6773036b6579000000001007782d6d617463685300000003616e79"),
        Of<QueueBindOk>(new(), "00320015"),
        Of<QueuePurge>(new("jobs", true), "0032001e 0000046a6f627301"),
        Of<QueuePurgeOk>(new(7), "0032001f 00000007"),
        Of<QueueDelete>(new("jobs", false, true, false), "00320028 0000046a6f627302"),
        Of<QueueDeleteOk>(new(9), "00320029 00000009"),
        Of<QueueUnbind>(new("jobs", "logs", "key", FieldTable.Empty), "00320032 0000046a6f6273046c6f6773036b657900000000"),
        Of<QueueUnbindOk>(new(), "00320033"),
        Of<BasicQos>(new(0, 250, true), "003c000a 0000000000fa01"),
        Of<BasicQosOk>(new(), "003c000b"),
        Of<BasicConsume>(new("jobs", "me", false, true, false, true, Of(("x-priority", 10))),
            "003c0014 0000046a6f6273026d650a000000100a782d7072696f72697479490000000a"),
        Of<BasicConsumeOk>(new("me"), "003c0015 026d65"),
        Of<BasicCancel>(new("me", true), "003c001e 026d6501"),
        Of<BasicCancelOk>(new("me"), "003c001f 026d65"),
        Of<BasicReturn>(new(ReplyCode.NoRoute, "NO_ROUTE", "logs", "key"), "003c0032 0138084e4f5f524f555445046c6f6773036b6579"),
        Of<BasicDeliver>(new("me", 258, true, "logs", "key"), "003c003c 026d65000000000000010201046c6f6773036b6579"),
        Of<BasicGet>(new("jobs", true), "003c0046 0000046a6f627301"),
        Of<BasicGetOk>(new(ulong.MaxValue, false, "logs", "key", 5), "003c0047 ffffffffffffffff00046c6f6773036b657900000005"),
        Of<BasicGetEmpty>(new(), "003c0048 00"),
        Of<BasicAck>(new(1, true), "003c0050 000000000000000101"),
        Of<BasicReject>(new(2, true), "003c005a 000000000000000201"),
        Of<BasicRecoverAsync>(new(true), "003c0064 01"),
        Of<BasicRecover>(new(true), "003c006e 01"),
        Of<BasicRecoverOk>(new(), "003c006f"),
        Of<BasicNack>(new(3, false, true), "003c0078 000000000000000302"),
        Of<BasicCredit>(new("me", 4, true), "003c00c8 026d650000000401"),
        Of<BasicCreditOk>(new(5), "003c00c9 00000005"),
        Of<BasicCreditDrained>(new("me", 6), "003c00ca 026d6500000006"),
        Of<ConfirmSelect>(new(true), "0055000a 01"),
        Of<ConfirmSelectOk>(new(), "0055000b"),
        Of<TxSelect>(new(), "005a000a"),
        Of<TxSelectOk>(new(), "005a000b"),
        Of<TxCommit>(new(), "005a0014"),
        Of<TxCommitOk>(new(), "005a0015"),
        Of<TxRollback>(new(), "005a001e"),
        Of<TxRollbackOk>(new(), "005a001f"),
    ];

    private static FieldTable Of(params ReadOnlySpan<(string, FieldValue)> fields) => FieldTable.Of(fields);

    private static MethodCase<T> Of<T>(T method, string octets)
        where T : struct, IAmqpMethod<T> => new MethodCase<T>(method, Convert.FromHexString(octets.Replace(" ", "", StringComparison.Ordinal)));
}
