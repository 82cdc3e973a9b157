import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Transport } from '@nestjs/microservices';
import { connect } from 'amqp-connection-manager';
import { declareQueues } from '../declare';
import { EssaysController, RecordingsController, serve } from '../http';
import { Grading, JobQueue } from '../job-queue';
import { settings } from '../settings';
import { Submissions } from '../submissions';
import { Clients, clients, using } from './clients';
import { ResultsController } from './results.controller';

@Module({
  imports: [clients],
  controllers: [EssaysController, RecordingsController, ResultsController],
  providers: [Submissions, Grading, { provide: JobQueue, useClass: Clients }],
})
class App {}

/** Waits for the broker, and declares what is missing there: Nest itself would insist on the arguments it knows. */
async function prepare(): Promise<void> {
  const connection = connect([settings.url], { reconnectTimeInSeconds: 1 });
  await connection.connect();
  await declareQueues(connection.connection!);
  await connection.close();
}

async function main(): Promise<void> {
  await prepare();
  const app = await NestFactory.create(App);
  app.connectMicroservice({ transport: Transport.RMQ, options: { ...using(settings.resultQueue), noAck: false, prefetchCount: 20 } });
  await app.startAllMicroservices();
  await serve(app);
}

void main();
