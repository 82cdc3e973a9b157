using System.Buffers;
using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;

namespace Warren.Broker.Tests.Protocol;

/// <summary>Whatever comes in, the answer is a frame, a wait for more or an <see cref="AmqpException"/>, never another exception.</summary>
public sealed class ProtocolFuzzTests
{
    private const int Rounds = 50_000;

    private static readonly byte[][] Seeds =
    [
        Convert.FromHexString("0009000000150770726f6475637453000000085261626269744d510000000e504c41494e20414d51504c41494e00000005656e5f5553"),
        Convert.FromHexString("0000046c6f677305746f7069630a0000001c12616c7465726e6174652d65786368616e6765530000000472657374"),
        Convert.FromHexString("0000046a6f62731a000000180c782d71756575652d74797065530000000671756f72756d"),
        Convert.FromHexString("fff8106170706c69636174696f6e2f6a736f6e04677a69700000000c016e6201017353000000017802050263310172053630303030026d31000000006553f100017405677565737403617070"),
        Convert.FromHexString("0161460000000f016241000000085453000000016162ff"),
    ];

    [Fact]
    public void Frames_of_any_octets()
    {
        var random = new Random(17);
        for (var round = 0; round < Rounds; round++)
        {
            var octets = new byte[random.Next(40)];
            random.NextBytes(octets);
            // Half of them begin like a frame that fits, else hardly any would get past the size.
            if (octets.Length > 8 && round % 2 == 0)
            {
                octets[0] = (byte)random.Next(10);
                octets.AsSpan(3, 3).Clear();
                octets[6] = (byte)random.Next(octets.Length);
                if (octets[6] + 7 < octets.Length)
                    octets[octets[6] + 7] = Frame.End;
            }

            var buffer = Segments.Of(octets, 1 + random.Next(12));
            var length = buffer.Length;
            Survives(() =>
            {
                while (FrameReader.TryRead(ref buffer, 4096, out var frame))
                    length -= frame.Payload.Length + Frame.Overhead;
                Assert.Equal(length, buffer.Length);
            });
        }
    }

    [Fact]
    public void Arguments_of_any_octets()
    {
        var random = new Random(18);
        for (var round = 0; round < Rounds; round++)
        {
            var octets = Mutated(random);
            Survives(() => AmqpMethod.Read<ConnectionStart>(octets));
            Survives(() => AmqpMethod.Read<ExchangeDeclare>(octets));
            Survives(() => AmqpMethod.Read<QueueDeclare>(octets));
            Survives(() => AmqpMethod.Read<BasicPublish>(octets));
        }
    }

    [Fact]
    public void Tables_and_properties_of_any_octets_are_judged_as_they_are_decoded()
    {
        var random = new Random(19);
        var good = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var octets = Mutated(random);
            var table = Survives(() => Assert.Equal(octets.Length + sizeof(uint), FieldTable.Parse(octets).Encode().Length));
            Assert.Equal(table, FieldTableReader.IsWellFormed(octets));

            var properties = Survives(() =>
            {
                var again = BasicProperties.Decode(octets).Encode();
                Assert.Equal(octets[2..], again[2..]);
            });
            Assert.Equal(properties, BasicPropertiesView.TryParse(octets, out _));
            good += (table ? 1 : 0) + (properties ? 1 : 0);
        }

        Assert.InRange(good, Rounds / 20, Rounds);
    }

    private static byte[] Mutated(Random random)
    {
        var octets = Seeds[random.Next(Seeds.Length)].ToArray();
        for (var changes = random.Next(3); changes > 0; changes--)
            octets[random.Next(octets.Length)] = (byte)random.Next(256);
        return random.Next(4) == 0 ? octets[..random.Next(octets.Length)] : octets;
    }

    private static bool Survives(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (AmqpException)
        {
            // The one answer a broken stream may get.
            return false;
        }
    }
}
