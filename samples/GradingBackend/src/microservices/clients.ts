import { Inject, Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { ClientProxy, ClientsModule, Transport } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import { JobQueue } from '../job-queue';
import { SpeakingJob, WritingJob } from '../messages';
import { settings } from '../settings';

/** How Nest uses a queue: as it is, for it may have arguments we do not know; and what it sends is kept on disk. */
export const using = (queue: string) => ({
  urls: [settings.url],
  queue,
  noAssert: true,
  persistent: true,
  socketOptions: { reconnectTimeInSeconds: 1 },
});

export const clients = ClientsModule.register([
  { name: 'writing', transport: Transport.RMQ, options: using(settings.writingQueue) },
  { name: 'speaking', transport: Transport.RMQ, options: using(settings.speakingQueue) },
]);

/** Emits jobs as events. */
@Injectable()
export class Clients extends JobQueue implements OnApplicationBootstrap {
  constructor(
    @Inject('writing') private readonly writing: ClientProxy,
    @Inject('speaking') private readonly speaking: ClientProxy,
  ) {
    super();
  }

  async onApplicationBootstrap(): Promise<void> {
    await Promise.all([this.writing.connect(), this.speaking.connect()]);
  }

  async send(kind: 'writing' | 'speaking', job: WritingJob | SpeakingJob): Promise<void> {
    await lastValueFrom(this[kind].emit(kind, job), { defaultValue: undefined });
  }
}
