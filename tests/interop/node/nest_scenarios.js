'use strict';
// NestJS microservices on the RMQ transport: server and client in one process, on connections of their own (see ../README.md).

require('reflect-metadata');
const { Controller, Module } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { ClientProxyFactory, Ctx, EventPattern, MessagePattern, Payload, RpcException, Transport } = require('@nestjs/microservices');
const { firstValueFrom, of, timeout, toArray } = require('rxjs');
const { command, emit, start, until, url } = require('./scenario.js');

const QUEUE = 'math';
const SOON = { reconnectTimeInSeconds: 1 };

/** Decorators as a compiler would apply them: on the class, on its methods, on their two parameters. */
function controller(type, patterns) {
  Controller()(type);
  for (const [method, pattern] of Object.entries(patterns)) {
    pattern(type.prototype, method, Object.getOwnPropertyDescriptor(type.prototype, method));
    Payload()(type.prototype, method, 0);
    Ctx()(type.prototype, method, 1);
  }
  return type;
}

async function listen(type) {
  class App {}
  Module({ controllers: [type] })(App);
  const app = await NestFactory.createMicroservice(App, {
    transport: Transport.RMQ,
    logger: ['error', 'fatal'],
    options: { urls: [url], queue: QUEUE, noAck: false, prefetchCount: 2, queueOptions: { durable: true }, socketOptions: SOON },
  });
  await app.listen();
  return app;
}

const client = () => ClientProxyFactory.create({
  transport: Transport.RMQ, options: { urls: [url], queue: QUEUE, queueOptions: { durable: true }, socketOptions: SOON },
});

const ack = (context) => context.getChannelRef().ack(context.getMessage());
const ask = (proxy, pattern, value) => firstValueFrom(proxy.send(pattern, value).pipe(timeout(30_000)));

class Math_ {
  sum(numbers, context) {
    ack(context);
    return numbers.reduce((one, other) => one + other, 0);
  }

  fail(message, context) {
    ack(context);
    throw new RpcException(message);
  }

  count(to, context) {
    ack(context);
    return of(...Array.from({ length: to }, (_, index) => index + 1));
  }

  nested(value, context) {
    ack(context);
    return { pattern: context.getPattern(), value };
  }
}

const math = () => controller(Math_, {
  sum: MessagePattern('sum'), fail: MessagePattern('fail'), count: MessagePattern('count'), nested: MessagePattern({ cmd: 'nested', version: 1 }),
});

async function requests() {
  const app = await listen(math());
  const proxy = client();
  const sums = await Promise.all(Array.from({ length: 100 }, (_, number) => ask(proxy, 'sum', [number, 1])));
  emit('sums', { right: sums.filter((sum, number) => sum === number + 1).length });
  emit('failed', { message: await ask(proxy, 'fail', 'no such user').catch((error) => error.message ?? error) });
  emit('stream', { values: await firstValueFrom(proxy.send('count', 3).pipe(toArray())) });
  emit('nested', { reply: await ask(proxy, { cmd: 'nested', version: 1 }, { name: 'ädà' }) });
  emit('unknown', { error: await ask(proxy, 'unknown', {}).catch((error) => error.message ?? error) });
  await proxy.close();
  await app.close();
}

async function events() {
  const held = [];
  class Users {
    created(user, context) {
      held.push({ user, context });
    }
  }
  const app = await listen(controller(Users, { created: EventPattern('user.created') }));
  const proxy = client();
  for (let id = 1; id <= 5; id++) await firstValueFrom(proxy.emit('user.created', { id }), { defaultValue: null });
  await until(() => held.length === 2);
  // What the broker would have given beyond the prefetch came before the answer to this.
  const { messageCount } = await held[0].context.getChannelRef().checkQueue(QUEUE);
  emit('holding', { ids: held.map(({ user }) => user.id), left: messageCount });
  await app.close();

  held.length = 0;
  const again = await listen(controller(class { created(user, context) { held.push({ user, context }); ack(context); } }, { created: EventPattern('user.created') }));
  await until(() => held.length === 5);
  emit('again', {
    ids: held.map(({ user }) => user.id).sort(), redelivered: held.filter(({ context }) => context.getMessage().fields.redelivered).map(({ user }) => user.id).sort(),
  });
  await proxy.close();
  await again.close();
}

/** Both sides come back by themselves when the broker has closed their connections. */
async function reconnect() {
  const app = await listen(math());
  const proxy = client();
  emit('before', { sum: await ask(proxy, 'sum', [1, 2]) });
  await command();
  const sum = await until(() => firstValueFrom(proxy.send('sum', [3, 4]).pipe(timeout(2_000))).catch(() => undefined));
  emit('after', { sum });
  await proxy.close();
  await app.close();
}

start({ requests, events, reconnect });
