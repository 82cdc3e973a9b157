using Warren.Messaging.Publishing;

namespace Warren.Messaging.Tests.Publishing;

public class ConfirmWindowTests
{
    [Fact]
    public void Tags_are_given_from_one()
    {
        var window = new ConfirmWindow(4);
        var messages = Add(window, 3);

        Assert.Equal([messages[0]], Confirm(window, 1));
        Assert.Equal([messages[2]], Confirm(window, 3));
        Assert.Equal([messages[1]], Confirm(window, 2));
        Assert.Equal(0, window.Count);
    }

    [Fact]
    public void A_multiple_confirm_covers_all_up_to_its_tag()
    {
        var window = new ConfirmWindow(8);
        var messages = Add(window, 5);

        Assert.Equal(messages[..3], Confirm(window, 3, multiple: true));
        Assert.Equal(messages[3..], window.InFlight());
        Assert.Equal(2, window.Count);
    }

    [Fact]
    public void A_multiple_confirm_passes_over_what_was_confirmed_out_of_order()
    {
        var window = new ConfirmWindow(8);
        var messages = Add(window, 5);
        Assert.Equal([messages[2]], Confirm(window, 3));

        Assert.Equal([messages[0], messages[1], messages[3]], Confirm(window, 4, multiple: true));
        Assert.Equal([messages[4]], window.InFlight());
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(0, true)]
    [InlineData(4, false)]
    [InlineData(4, true)]
    [InlineData(ulong.MaxValue, false)]
    [InlineData(ulong.MaxValue, true)]
    public void A_tag_that_was_never_given_confirms_nothing(ulong tag, bool multiple)
    {
        var window = new ConfirmWindow(8);
        var messages = Add(window, 3);

        Assert.Empty(Confirm(window, tag, multiple));
        Assert.Equal(messages, window.InFlight());
    }

    [Fact]
    public void A_tag_confirmed_twice_counts_once()
    {
        var window = new ConfirmWindow(4);
        var messages = Add(window, 2);
        Assert.Equal([messages[0]], Confirm(window, 1));

        Assert.Empty(Confirm(window, 1));
        Assert.Empty(Confirm(window, 1, multiple: true));
        Assert.Equal([messages[1]], Confirm(window, 2));
        Assert.Empty(Confirm(window, 2));
        Assert.Equal(0, window.Count);
    }

    [Fact]
    public void An_old_tag_does_not_confirm_the_message_that_has_its_slot_now()
    {
        var window = new ConfirmWindow(2);
        Add(window, 2);
        Confirm(window, 2, multiple: true);
        var later = Add(window, 2);

        Assert.Empty(Confirm(window, 1));
        Assert.Empty(Confirm(window, 2, multiple: true));
        Assert.Equal(later, window.InFlight());
    }

    [Fact]
    public void It_is_full_until_the_oldest_message_is_confirmed()
    {
        var window = new ConfirmWindow(4);
        Add(window, 4);
        Assert.True(window.IsFull);

        Confirm(window, 2);
        Confirm(window, 3);
        Assert.True(window.IsFull);
        Confirm(window, 1);
        Assert.False(window.IsFull);
        Add(window, 3);
        Assert.True(window.IsFull);
    }

    [Fact]
    public void A_capacity_between_powers_of_two_has_room_for_at_least_that_many()
    {
        var window = new ConfirmWindow(5);

        Add(window, 5);

        Assert.Equal(5, window.Count);
        Assert.Equal(5, Confirm(window, 5, multiple: true).Count);
    }

    [Fact]
    public void A_tag_taken_back_is_given_to_the_next_message()
    {
        var window = new ConfirmWindow(4);
        var first = Add(window, 2);
        window.RemoveLast();
        Assert.Equal(1, window.Count);
        var third = Add(window, 1);

        Assert.Equal([first[0]], Confirm(window, 1));
        Assert.Equal(third, Confirm(window, 2));
    }

    [Fact]
    public void A_tag_taken_back_is_unknown_until_it_is_given_again()
    {
        var window = new ConfirmWindow(4);
        Add(window, 1);
        window.RemoveLast();

        Assert.Empty(Confirm(window, 1, multiple: true));
        Assert.Empty(window.InFlight());
    }

    [Fact]
    public void A_reset_gives_back_what_is_in_flight_in_order_and_counts_from_one_again()
    {
        var window = new ConfirmWindow(4);
        var messages = Add(window, 4);
        Confirm(window, 2);

        Assert.Equal([messages[0], messages[2], messages[3]], window.Reset());
        Assert.Equal(0, window.Count);
        Assert.False(window.IsFull);
        var next = Add(window, 1);
        Assert.Equal(next, Confirm(window, 1));
    }

    [Fact]
    public void A_return_finds_the_oldest_mandatory_message_it_fits_and_each_only_once()
    {
        var window = new ConfirmWindow(8);
        var event1 = Message("same", mandatory: false);
        var first = Message("same", mandatory: true);
        var second = Message("same", mandatory: true);
        window.Add(event1);
        window.Add(first);
        window.Add(second);

        Assert.Same(first, window.FindReturned("same", "exchange", "key"));
        first.ReturnReason = "312 NO_ROUTE";
        Assert.Same(second, window.FindReturned("same", "exchange", "key"));
        Assert.Null(window.FindReturned("other", "exchange", "key"));
        Assert.Null(window.FindReturned("same", "other", "key"));
        Assert.Null(window.FindReturned("same", "exchange", "other"));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(7, 3)]
    [InlineData(64, 4)]
    [InlineData(1000, 5)]
    public void Any_series_of_moves_ends_as_a_plain_list_would(int capacity, int seed)
    {
        var random = new Random(seed);
        var window = new ConfirmWindow(capacity);
        var size = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)capacity);
        // The model: tag and message of each that is not confirmed.
        var model = new SortedDictionary<ulong, PendingPublish>();
        var next = 1UL;
        for (var move = 0; move < 20_000; move++)
        {
            switch (random.Next(10))
            {
                case < 5 when !window.IsFull:
                    var message = Message($"{move}", mandatory: false);
                    model.Add(next++, message);
                    window.Add(message);
                    break;
                case 5 when model.ContainsKey(next - 1):
                    model.Remove(--next);
                    window.RemoveLast();
                    break;
                case 6 when random.Next(200) == 0:
                    Assert.Equal(model.Values, window.Reset());
                    model.Clear();
                    next = 1;
                    break;
                case > 6:
                    // Some are too old, some not yet given.
                    var tag = (ulong)Math.Max(0, (long)next - random.Next(size + 8) + 4);
                    var multiple = random.Next(3) == 0;
                    var covered = tag >= next ? [] : model.Keys.Where(known => multiple ? known <= tag : known == tag).ToList();
                    Assert.Equal(covered.Select(known => model[known]), Confirm(window, tag, multiple));
                    covered.ForEach(known => model.Remove(known));
                    break;
            }
            Assert.Equal(model.Count, window.Count);
            Assert.Equal(model.Count > 0 && next - model.Keys.First() >= (ulong)size, window.IsFull);
        }
        Assert.Equal(model.Values, window.InFlight());
    }

    private static PendingPublish Message(string id, bool mandatory)
    {
        var message = new PendingPublish();
        message.Begin("exchange", "key", mandatory, deadline: 0);
        message.Properties.MessageId = id;
        return message;
    }

    private static PendingPublish[] Add(ConfirmWindow window, int count)
    {
        PendingPublish[] messages = [.. Enumerable.Range(0, count).Select(i => Message($"{i}", mandatory: false))];
        foreach (var message in messages)
            window.Add(message);
        return messages;
    }

    private static List<PendingPublish> Confirm(ConfirmWindow window, ulong tag, bool multiple = false)
    {
        var confirmed = new List<PendingPublish>();
        window.Confirm(tag, multiple, confirmed);
        return confirmed;
    }
}
