import type { Channel, ChannelModel } from 'amqplib';
import { settings } from './settings';

/** Declares the queues that are missing. One that is there is used as it is, whatever arguments it has. */
export async function declareQueues(connection: ChannelModel): Promise<void> {
  for (const queue of [settings.writingQueue, settings.speakingQueue, settings.resultQueue]) {
    const isThere = await succeeds(connection, (channel) => channel.checkQueue(queue));
    if (!isThere) await succeeds(connection, (channel) => channel.assertQueue(queue, { durable: true }), true);
  }
}

/** Declares the exchange if it is missing, and binds the queues to it. */
export async function declareExchange(connection: ChannelModel): Promise<void> {
  const { exchange, writingQueue, speakingQueue, resultQueue } = settings;
  const isThere = await succeeds(connection, (channel) => channel.checkExchange(exchange));
  await succeeds(connection, async (channel) => {
    if (!isThere) await channel.assertExchange(exchange, 'direct', { durable: true });
    await channel.bindQueue(writingQueue, exchange, 'writing');
    await channel.bindQueue(speakingQueue, exchange, 'speaking');
    await channel.bindQueue(resultQueue, exchange, 'result');
  }, true);
}

/** Tries something on a channel of its own, because AMQP closes the channel of a request that fails. */
async function succeeds(connection: ChannelModel, attempt: (channel: Channel) => Promise<unknown>, orThrow = false): Promise<boolean> {
  const channel = await connection.createChannel();
  channel.on('error', () => undefined); // The attempt is rejected with the same error.
  try {
    await attempt(channel);
  } catch (error) {
    if (orThrow || (error as { code?: number }).code !== 404) throw error;
    return false;
  }
  await channel.close();
  return true;
}
