import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EssaysController, RecordingsController, serve } from '../http';
import { Grading, JobQueue } from '../job-queue';
import { Submissions } from '../submissions';
import { Rabbit } from './rabbit';

@Module({
  controllers: [EssaysController, RecordingsController],
  providers: [Submissions, Grading, { provide: JobQueue, useClass: Rabbit }],
})
class App {}

NestFactory.create(App).then(serve);
