'use strict';
// A plain amqplib program that knows only docs/reference/wire.md: one role per process, driven over stdin and stdout (see ../README.md).

const { randomUUID } = require('node:crypto');
const { createInterface } = require('node:readline');
const { parseArgs } = require('node:util');
const amqp = require('amqplib');
const { decode, seal } = require('./content.js');

const { positionals: [role], values: options } = parseArgs({
  allowPositionals: true,
  options: {
    queue: { type: 'string' },
    exchange: { type: 'string' },
    'routing-key': { type: 'string' },
    timeout: { type: 'string', default: '10' },
    key: { type: 'string' },
  },
});
const [keyId, keyText] = options.key?.split(':') ?? [];
const key = keyId === undefined ? undefined : { id: keyId, bytes: Buffer.from(keyText, 'base64') };

const deadLetters = { 'x-queue-type': 'quorum', 'x-delivery-limit': 1000000 };
const workQueue = (queue) => ({
  'x-queue-type': 'quorum',
  'x-delivery-limit': 20,
  'x-dead-letter-exchange': '',
  'x-dead-letter-routing-key': `${queue}.dead`,
  'x-dead-letter-strategy': 'at-least-once',
  'x-overflow': 'reject-publish',
});

const emit = (event, fields = {}) => process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
const lines = () => createInterface({ input: process.stdin, crlfDelay: Infinity });
const untilEof = async () => { for await (const _ of lines()); };
const properties = (more) => ({
  contentType: 'application/json', messageId: randomUUID(), timestamp: Math.floor(Date.now() / 1000), ...more,
});

/** Uses what exists as it is; makes it on 404, on a new channel because the broker has closed the first. */
async function passively(connection, look, make) {
  for (const declare of [look, make]) {
    const channel = await connection.createChannel();
    channel.on('error', () => {}); // The same error rejects the declaration.
    try {
      await declare(channel);
      await channel.close();
      return;
    } catch (error) {
      if (declare === make || error.code !== 404) throw error;
    }
  }
}

const ensureQueue = (connection, queue, args) => passively(
  connection,
  (channel) => channel.checkQueue(queue),
  (channel) => channel.assertQueue(queue, { durable: true, arguments: args }));

const ensureExchange = (connection, exchange) => passively(
  connection,
  (channel) => channel.checkExchange(exchange),
  (channel) => channel.assertExchange(exchange, 'topic', { durable: true }));

function describe(message) {
  let body = null;
  try {
    body = JSON.parse(decode(message.content, key, message.properties).toString('utf8'));
  } catch { /* Not JSON, or not for us: only the raw bytes are shown. */ }
  const { headers, ...rest } = message.properties;
  return {
    body,
    raw: message.content.toString('hex'),
    exchange: message.fields.exchange,
    routing_key: message.fields.routingKey,
    message_id: rest.messageId,
    content_type: rest.contentType,
    content_encoding: rest.contentEncoding,
    delivery_mode: rest.deliveryMode,
    timestamp: rest.timestamp,
    correlation_id: rest.correlationId,
    headers: headers ?? {},
  };
}

/** Publishes and waits for the confirm; a mandatory message that reaches no queue is returned before its confirm. */
function confirmed(channel, returned, exchange, routingKey, body, props) {
  return new Promise((resolve, reject) => {
    channel.publish(exchange, routingKey, body, props, (error) => {
      if (error) reject(Object.assign(new Error(routingKey), { type: 'nacked' }));
      else if (returned.delete(props.messageId)) reject(Object.assign(new Error(routingKey), { type: 'unroutable' }));
      else resolve();
    });
  });
}

async function publish(connection) {
  const channel = await connection.createConfirmChannel();
  const returned = new Set();
  channel.on('return', (message) => returned.add(message.properties.messageId));
  emit('ready');
  for await (const line of lines()) {
    const command = JSON.parse(line);
    const exchange = command.exchange ?? options.exchange;
    const routingKey = command.routing_key ?? options['routing-key'];
    if (exchange) await ensureExchange(connection, exchange);
    const props = properties({ persistent: true, mandatory: exchange === '', headers: command.headers });
    let body = command.raw === undefined ? Buffer.from(JSON.stringify(command.body)) : Buffer.from(command.raw, 'hex');
    if (key !== undefined) {
      props.contentEncoding = 'aes256gcm';
      props.headers = { ...props.headers, 'x-warren-key-id': key.id };
      body = seal(body, key, props.contentType, props.contentEncoding);
    }
    try {
      await confirmed(channel, returned, exchange, routingKey, body, props);
      emit('published', { message_id: props.messageId });
    } catch (error) {
      emit('error', { type: error.type, message: error.message });
    }
  }
}

async function consume(connection) {
  const dead = options.queue.endsWith('.dead');
  if (options.exchange) await ensureExchange(connection, options.exchange);
  await ensureQueue(connection, dead ? options.queue : `${options.queue}.dead`, deadLetters);
  if (!dead) await ensureQueue(connection, options.queue, workQueue(options.queue));
  const channel = await connection.createChannel();
  if (options.exchange) await channel.bindQueue(options.queue, options.exchange, options['routing-key']);
  await channel.prefetch(16);
  await channel.consume(options.queue, (message) => {
    const seen = describe(message);
    if (seen.body?.fail && !dead) {
      channel.nack(message, false, false); // The queue's arguments send it to the dead letters.
      return;
    }
    emit('message', seen);
    channel.ack(message);
  });
  emit('ready');
  await untilEof();
}

async function rpcCall(connection) {
  const channel = await connection.createConfirmChannel();
  const returned = new Set();
  const waiting = new Map();
  channel.on('return', (message) => returned.add(message.properties.messageId));
  await channel.consume('amq.rabbitmq.reply-to', (reply) => waiting.get(reply.properties.correlationId)?.(reply), { noAck: true });
  emit('ready');
  for await (const line of lines()) {
    const command = JSON.parse(line);
    const timeout = command.timeout ?? Number(options.timeout);
    const correlationId = randomUUID();
    const props = properties({
      replyTo: 'amq.rabbitmq.reply-to', correlationId, expiration: String(Math.round(timeout * 1000)), persistent: false, mandatory: true,
    });
    let timer;
    const answer = new Promise((resolve, reject) => {
      waiting.set(correlationId, resolve);
      timer = setTimeout(() => reject(Object.assign(new Error(options.queue), { type: 'timeout' })), timeout * 1000);
    });
    answer.catch(() => {}); // Awaited below, unless the request was returned first.
    try {
      await confirmed(channel, returned, '', options.queue, Buffer.from(JSON.stringify(command.body)), props);
      const reply = await answer;
      const body = JSON.parse(reply.content.toString('utf8'));
      const error = reply.properties.headers?.['x-warren-error'];
      if (error === undefined) emit('reply', { body, content_type: reply.properties.contentType });
      else emit('error', { type: error, message: body.error });
    } catch (error) {
      emit('error', { type: error.type, message: error.message });
    } finally {
      clearTimeout(timer);
      waiting.delete(correlationId);
    }
  }
}

async function rpcServe(connection) {
  await ensureQueue(connection, options.queue);
  const channel = await connection.createChannel();
  await channel.prefetch(16);
  await channel.consume(options.queue, (message) => {
    const seen = describe(message);
    emit('request', seen);
    const id = seen.body.user_id;
    if (id !== 0) { // 0 is never answered: the caller's timeout is tested.
      const reply = id < 0 ? { error: `no user ${id}` } : { user_id: id, username: 'ada' };
      channel.publish('', message.properties.replyTo, Buffer.from(JSON.stringify(reply)), properties({
        correlationId: message.properties.correlationId, persistent: false, headers: id < 0 ? { 'x-warren-error': 'LookupError' } : {},
      }));
    }
    channel.ack(message);
  });
  emit('ready');
  await untilEof();
}

async function listen(connection) {
  await ensureExchange(connection, options.exchange);
  const channel = await connection.createChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true, autoDelete: true, durable: false });
  await channel.bindQueue(queue, options.exchange, options['routing-key']);
  await channel.consume(queue, (message) => emit('message', describe(message)), { noAck: true });
  emit('ready');
  await untilEof();
}

const roles = { publish, consume, 'rpc-call': rpcCall, 'rpc-serve': rpcServe, listen };

async function main() {
  if (!Object.hasOwn(roles, role ?? '')) throw new Error(`Role ${role} is unknown; expected one of ${Object.keys(roles).join(', ')}`);
  const connection = await amqp.connect(process.env.RABBITMQ_URL);
  try {
    await roles[role](connection);
  } finally {
    await connection.close();
  }
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
