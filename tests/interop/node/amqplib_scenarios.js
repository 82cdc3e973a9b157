'use strict';
// amqplib by itself on a broker: one scenario per process, told as JSON lines (see ../README.md).

const { once } = require('node:events');
const amqp = require('amqplib');
const { command, emit, start, until, url } = require('./scenario.js');

const text = (message) => message.content.toString();

async function confirms() {
  const connection = await amqp.connect(url);
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue('inbox');
  for (let number = 0; number < 1000; number++) channel.sendToQueue('inbox', Buffer.from(`${number}`), { persistent: true });
  await channel.waitForConfirms();
  emit('confirmed', { messages: (await channel.checkQueue('inbox')).messageCount });

  const returned = once(channel, 'return');
  const settled = new Promise((resolve) => {
    channel.publish('amq.topic', 'nobody', Buffer.from('lost'), { mandatory: true }, (error) => resolve(error === null));
  });
  const [message] = await returned;
  emit('returned', { body: text(message), code: message.fields.replyCode, text: message.fields.replyText, acked: await settled });

  await channel.assertQueue('small', { maxLength: 1, arguments: { 'x-overflow': 'reject-publish' } });
  const results = await Promise.all(['fits', 'does not fit'].map((body) => new Promise((resolve) => {
    channel.sendToQueue('small', Buffer.from(body), {}, (error) => resolve(error === null ? 'ack' : error.message));
  })));
  emit('settled', { results });
  await connection.close();
}

async function consuming() {
  const connection = await amqp.connect(url);
  const channel = await connection.createChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true });
  for (let number = 0; number < 10; number++) channel.sendToQueue(queue, Buffer.from(`${number}`));
  const first = await until(() => channel.get(queue));
  emit('got', { body: text(first), left: first.fields.messageCount, redelivered: first.fields.redelivered });
  channel.nack(first);

  await channel.prefetch(3);
  const held = [];
  const { consumerTag } = await channel.consume(queue, (message) => held.push(message));
  await until(() => held.length === 3);
  // An answer on the channel comes after all that was sent before it: no fourth is on its way.
  const { messageCount } = await channel.checkQueue(queue);
  emit('holding', { bodies: held.map(text), left: messageCount, redelivered: held.map((message) => message.fields.redelivered) });
  while (held.length < 10) {
    channel.ack(held[held.length - 1], true);
    const seen = held.length;
    await until(() => held.length > seen);
    await channel.checkQueue(queue);
  }
  emit('all', { bodies: held.map(text) });
  await channel.cancel(consumerTag);
  channel.ackAll();
  emit('left', await channel.checkQueue(queue));
  await connection.close();
}

async function rpc() {
  const connection = await amqp.connect(url);
  const server = await connection.createChannel();
  await server.assertQueue('double', { durable: false });
  await server.consume('double', (message) => {
    const { replyTo, correlationId } = message.properties;
    server.sendToQueue(replyTo, Buffer.from(`${2 * Number(text(message))}`), { correlationId });
    server.ack(message);
  });

  const caller = await connection.createChannel();
  const replies = new Map();
  await caller.consume('amq.rabbitmq.reply-to', (message) => replies.set(message.properties.correlationId, Number(text(message))), { noAck: true });
  for (let number = 0; number < 100; number++) {
    caller.sendToQueue('double', Buffer.from(`${number}`), { replyTo: 'amq.rabbitmq.reply-to', correlationId: `${number}` });
  }
  await until(() => replies.size === 100);
  emit('direct', { right: [...replies].filter(([id, reply]) => reply === 2 * Number(id)).length });

  const own = await connection.createChannel();
  const { queue } = await own.assertQueue('', { exclusive: true, autoDelete: true });
  const reply = new Promise((resolve) => own.consume(queue, resolve, { noAck: true }));
  own.sendToQueue('double', Buffer.from('21'), { replyTo: queue, correlationId: 'x' });
  emit('queued', { reply: Number(text(await reply)) });

  const strange = await connection.createChannel();
  const [error] = await Promise.all([once(strange, 'error'),
    strange.sendToQueue('double', Buffer.from('1'), { replyTo: 'amq.rabbitmq.reply-to' })]);
  emit('refused', { code: error[0].code, text: error[0].message.replace(/^.*?"(.*)"$/s, '$1') });
  await connection.close();
}

async function deadLetters() {
  const connection = await amqp.connect(url);
  const channel = await connection.createChannel();
  await channel.assertExchange('dlx', 'headers');
  await channel.assertQueue('dead');
  await channel.bindQueue('dead', 'dlx', '', { 'x-match': 'all', tenant: 'blue' });
  await channel.assertQueue('work', { deadLetterExchange: 'dlx', deadLetterRoutingKey: 'failed', messageTtl: 60000, maxPriority: 3, expires: 600000 });
  for (const tenant of ['green', 'blue']) channel.sendToQueue('work', Buffer.from(tenant), { headers: { tenant, ratio: 0.5, CC: ['copy'] } });
  await until(async () => (await channel.checkQueue('work')).messageCount === 2);
  for (let left = 2; left > 0; left--) channel.reject(await channel.get('work'), false);
  const message = await until(() => channel.get('dead'));
  channel.ack(message);
  const { headers } = message.properties;
  const [{ count, reason, queue, exchange, time, 'routing-keys': keys }] = headers['x-death'];
  emit('dead', {
    body: text(message), key: message.fields.routingKey, count, reason, queue, exchange, keys, time: time['!'], ratio: headers.ratio, cc: headers.CC,
    first: headers['x-first-death-reason'], left: (await channel.checkQueue('dead')).messageCount,
  });
  await connection.close();
}

/** A queue that goes tells its consumer; a channel that is closed tells its code; a connection that is closed tells the reason. */
async function losses() {
  const connection = await amqp.connect(url);
  const channel = await connection.createChannel();
  await channel.assertQueue('doomed');
  const cancelled = new Promise((resolve) => channel.consume('doomed', resolve));
  await channel.deleteQueue('doomed');
  emit('cancelled', { message: await cancelled });

  const other = await connection.createChannel();
  const closed = once(other, 'error');
  await other.checkQueue('doomed').catch(() => {});
  const [error] = await closed;
  emit('channel', { code: error.code, text: error.message.replace(/^.*?"(.*)"$/s, '$1') });

  await channel.assertQueue('kept', { durable: true });
  const ended = once(connection, 'close');
  emit('ready');
  const [reason] = await ended;
  emit('connection', { code: reason.code, text: reason.message.replace(/^.*?"(.*)"$/s, '$1') });
  const again = await amqp.connect(url);
  emit('again', await (await again.createChannel()).checkQueue('kept'));
  await again.close();
}

async function largeBodies() {
  const connection = await amqp.connect(url, { clientProperties: { connection_name: 'large' } });
  const channel = await connection.createConfirmChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true });
  for (const size of [0, 131064, 131065, 20_000_000]) {
    const body = Buffer.alloc(size, 'warren');
    channel.sendToQueue(queue, body, { headers: { large: 2 ** 40, double: 0.1, small: -1, nested: { list: [true, null, 'ä'] } } });
    await channel.waitForConfirms();
    const message = await channel.get(queue, { noAck: true });
    emit('mirrored', { size: message.content.length, same: message.content.equals(body), headers: message.properties.headers });
  }
  await connection.close();
}

async function blocked() {
  const connection = await amqp.connect(url);
  const channel = await connection.createConfirmChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true });
  emit('ready');
  await command();
  const told = once(connection, 'blocked');
  const over = once(connection, 'unblocked');
  channel.sendToQueue(queue, Buffer.from('held'));
  emit('blocked', { reason: (await told)[0] });
  await over;
  await channel.waitForConfirms();
  emit('unblocked', { messages: (await channel.checkQueue(queue)).messageCount });
  await connection.close();
}

start({ confirms, consuming, rpc, deadLetters, losses, largeBodies, blocked });
