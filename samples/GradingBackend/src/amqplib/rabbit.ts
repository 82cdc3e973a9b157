import { Injectable, Logger, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { AmqpConnectionManager, ChannelWrapper, connect } from 'amqp-connection-manager';
import type { ConfirmChannel, ConsumeMessage } from 'amqplib';
import { declareExchange, declareQueues } from '../declare';
import { JobQueue } from '../job-queue';
import { GradingResult, SpeakingJob, WritingJob } from '../messages';
import { settings } from '../settings';
import { Submissions } from '../submissions';

/** Publishes jobs to the exchange, and reads results from their queue. */
@Injectable()
export class Rabbit extends JobQueue implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(Rabbit.name);
  private connection!: AmqpConnectionManager;
  private channel!: ChannelWrapper;

  constructor(private readonly submissions: Submissions) {
    super();
  }

  onModuleInit(): void {
    this.connection = connect([settings.url], { reconnectTimeInSeconds: 1 });
    this.connection.on('disconnect', ({ err }) => this.logger.warn(`The broker is gone: ${err.message}`));
    this.channel = this.connection.createChannel({ setup: (channel: ConfirmChannel) => this.setUp(channel) });
    this.channel.on('error', (error) => this.logger.error(error));
  }

  /** Publishes with a confirm. What was not confirmed when a connection broke is published again on the next. */
  async send(kind: 'writing' | 'speaking', job: WritingJob | SpeakingJob): Promise<void> {
    await this.channel.publish(settings.exchange, kind, Buffer.from(JSON.stringify(job)), {
      persistent: true,
      mandatory: true,
      contentType: 'application/json',
      messageId: job.job_id,
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.connection.close();
  }

  /** Runs on every new connection. */
  private async setUp(channel: ConfirmChannel): Promise<void> {
    await declareQueues(this.connection.connection!);
    await declareExchange(this.connection.connection!);
    channel.on('return', ({ properties }) => this.logger.error(`${properties.messageId} has reached no queue`));
    await channel.prefetch(20);
    await channel.consume(settings.resultQueue, (message) => this.take(channel, message));
  }

  private take(channel: ConfirmChannel, message: ConsumeMessage | null): void {
    if (!message) return this.connection.reconnect(); // The queue was deleted; setting up declares it again.
    try {
      this.submissions.finish(JSON.parse(message.content.toString()) as GradingResult);
      channel.ack(message);
    } catch (error) {
      this.logger.error(`A result that cannot be read: ${error}`);
      channel.nack(message, false, false);
    }
  }
}
