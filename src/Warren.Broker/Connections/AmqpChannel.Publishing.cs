using System.Text;
using Warren.Broker.Diagnostics;
using Warren.Broker.Protocol;
using Warren.Broker.Protocol.Methods;
using Warren.Broker.Queues;
using Warren.Broker.Routing;

namespace Warren.Broker.Connections;

/// <content>Publishing: the message comes in frames, is checked, routed, and confirmed or returned.</content>
internal sealed partial class AmqpChannel
{
    private readonly IncomingContent _content;
    private Confirms? _confirms;
    private string _publishExchange = "";
    private string _publishKey = "";
    private bool _publishMandatory;
    private MethodId _executing;

    /// <summary>The method that is executed, which an error names.</summary>
    public MethodId Executing => _executing;

    /// <summary>The confirms it owes; null outside of confirm mode.</summary>
    public Confirms? Confirms => _confirms;

    private ValueTask BeginPublish(in BasicPublish method)
    {
        // Most publishes of a channel go where the last one went: the texts are made once.
        _publishExchange = Same(_publishExchange, method.Exchange);
        _publishKey = Same(_publishKey, method.RoutingKey);
        _publishMandatory = method.Mandatory;
        if (method.Immediate)
            throw AmqpException.Connection(ReplyCode.NotImplemented, "immediate=true");
        _content.Begin();
        return _connection.WhileAlarmedAsync();
    }

    private ValueTask PublishContent()
    {
        var propertiesLength = _content.PropertiesLength;
        var content = _content.Take();
        _connection.HasPublished();
        _authority.DemandWrite("exchange", _publishExchange);
        var view = Properties(content, propertiesLength);
        using var span = BrokerTracing.StartPublish(_publishExchange, _publishKey, view, content.Length - propertiesLength);
        try
        {
            var outcome = PublishContent(content, propertiesLength, ref view);
            BrokerTracing.Published(span, _host.Name, outcome);
        }
        catch (AmqpException error) when (span is not null)
        {
            BrokerTracing.Fail(span, error.Message, AmqpException.NameOf(error.Code));
            throw;
        }

        return ValueTask.CompletedTask;
    }

    // Says what became of it.
    private string PublishContent(byte[] content, int propertiesLength, ref BasicPropertiesView view)
    {
        using (Enter())
        {
            var exchange = _host.FindExchange(_publishExchange);
            if (exchange.Internal)
                throw AmqpException.Channel(ReplyCode.AccessRefused, $"cannot publish to internal {_host.Describe(exchange)}");
            CheckUser(view.UserId);
            if (view.DeliveryMode is { } mode and not (1 or 2))
                throw AmqpException.Channel(ReplyCode.PreconditionFailed, $"invalid message: {{delivery_mode_unknown,{mode}}}");
            var expiration = Expiration.Of(view);
            if (view.ReplyTo.SequenceEqual(DirectReplyTo))
            {
                content = WithReplyName(content, ref propertiesLength);
                view = Properties(content, propertiesLength);
            }

            FieldTable? headers = null;
            string[] moreKeys = [];
            if (view.HasHeaders)
                content = ReadHeaders(content, ref propertiesLength, view, out headers, out moreKeys);

            var message = new Message(exchange.Name, _publishKey, content, propertiesLength)
            {
                IsPersistent = view.DeliveryMode == 2,
                Priority = view.Priority ?? 0,
                TimeToLive = expiration,
                EnqueuedAt = _host.Clock.Now,
                MoreKeys = moreKeys,
            };
            return Publish(new(exchange, message, headers));
        }
    }

    private string Publish(in Publish publish)
    {
        var isReply = false;
        if (exchangeIsDefault(publish) && DirectReplies.IsReplyName(publish.Message.RoutingKey) && _host.DirectReplies.Find(publish.Message.RoutingKey) is { } caller)
        {
            caller.DeliverReply(publish.Message);
            isReply = true;
        }

        if (_tx is not null)
        {
            PublishInTx(_tx, publish);
            return "in transaction";
        }

        var outcome = _host.Faults?.Nacks(publish, _host) == true
            ? new(IsRouted: true, IsRefused: true, Lsn: 0)
            : _host.Publish(publish);
        _host.Counts.Publish(outcome.IsRouted || isReply);
        if (!outcome.IsRouted && _publishMandatory)
            Return(publish.Message);
        // What was acked before is durable before this is confirmed, even if the message itself is not kept.
        _confirms?.Add(Math.Max(outcome.Lsn, _lastLsn), outcome.IsRefused);
        return outcome.IsRefused ? "refused" : outcome.IsRouted || isReply ? "routed" : "unroutable";

        static bool exchangeIsDefault(in Publish publish) => publish.Exchange.Name.Length == 0;
    }

    private void Return(Message message)
    {
        _host.Counts.Returned++;
        _output.Write(Number, new BasicReturn(ReplyCode.NoRoute, "NO_ROUTE", message.Exchange, message.RoutingKey), message);
        _connection.Written();
    }

    private ValueTask SelectConfirms(ConfirmSelect method)
    {
        if (_tx is not null)
            throw AmqpException.Channel(ReplyCode.PreconditionFailed, "cannot switch from tx to confirm mode");
        if (_confirms is null)
        {
            _confirms = new(Number, _output, _host.Counts);
            _connection.Confirming(this);
        }

        return Reply(new ConfirmSelectOk(), noWait: method.NoWait);
    }

    private static BasicPropertiesView Properties(byte[] content, int length) =>
        BasicPropertiesView.Parse(content.AsSpan(0, length));

    private static ReadOnlySpan<byte> DirectReplyTo => "amq.rabbitmq.reply-to"u8;

    private static string Same(string last, ReadOnlySpan<byte> octets)
    {
        if (last.Length == octets.Length && Ascii.Equals(octets, last))
            return last;
        return WireText.Decode(octets);
    }

    private void CheckUser(ReadOnlySpan<byte> userId)
    {
        if (userId.IsEmpty || _authority.MayImpersonate || Encoding.UTF8.GetString(userId) == _authority.UserName)
            return;
        throw AmqpException.Channel(
            ReplyCode.PreconditionFailed, $"user_id property set to '{Encoding.UTF8.GetString(userId)}' but authenticated user was '{_authority.UserName}'");
    }

    // CC and BCC are routing keys; BCC must not be seen by those who get the message.
    private static byte[] ReadHeaders(
        byte[] content, ref int propertiesLength, in BasicPropertiesView view, out FieldTable? headers, out string[] moreKeys)
    {
        headers = null;
        moreKeys = [];
        if (view.Headers.IndexOf("\u0002CC"u8) < 0 && view.Headers.IndexOf("\u0003BCC"u8) < 0)
            return content;
        headers = view.ReadHeaders();
        moreKeys = CarbonCopies.KeysOf(headers);
        if (!headers.Contains(CarbonCopies.Blind))
            return content;
        var properties = BasicProperties.Decode(view.Encoded);
        properties.Headers = headers.Without(CarbonCopies.Blind);
        return WithProperties(content, ref propertiesLength, properties);
    }

    private static byte[] WithProperties(byte[] content, ref int propertiesLength, BasicProperties properties)
    {
        var encoded = properties.Encode();
        byte[] changed = [.. encoded, .. content.AsSpan(propertiesLength)];
        propertiesLength = encoded.Length;
        return changed;
    }

    private byte[] WithReplyName(byte[] content, ref int propertiesLength)
    {
        if (_replyName is null)
            throw AmqpException.Channel(ReplyCode.PreconditionFailed, "fast reply consumer does not exist");
        var properties = BasicProperties.Decode(content.AsSpan(0, propertiesLength));
        properties.ReplyTo = _replyName;
        return WithProperties(content, ref propertiesLength, properties);
    }
}
