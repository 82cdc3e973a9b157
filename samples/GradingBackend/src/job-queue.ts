import { Injectable, Logger } from '@nestjs/common';
import { setTimeout } from 'node:timers/promises';
import { SpeakingJob, WritingJob } from './messages';
import { Submission, Submissions } from './submissions';

/** Where jobs go to be graded. */
export abstract class JobQueue {
  /** Sends a job; returns when the broker has it on disk, and throws if that is not known. While there is no broker it waits for one. */
  abstract send(kind: 'writing' | 'speaking', job: WritingJob | SpeakingJob): Promise<void>;
}

/** Hands in work. */
@Injectable()
export class Grading {
  private readonly logger = new Logger(Grading.name);

  constructor(
    private readonly queue: JobQueue,
    private readonly submissions: Submissions,
  ) {}

  submit(kind: 'writing' | 'speaking', job: WritingJob | SpeakingJob): Submission {
    const submission = this.submissions.add(job.job_id);
    void this.send(kind, job);
    return submission;
  }

  /** Sends until the broker says that it has the job. If it had it before, a double of a job_id does no harm. */
  private async send(kind: 'writing' | 'speaking', job: WritingJob | SpeakingJob): Promise<void> {
    for (;;) {
      try {
        await this.queue.send(kind, job);
        return this.submissions.sent(job.job_id);
      } catch (error) {
        this.logger.warn(`${job.job_id} is sent again: ${error}`);
        await setTimeout(1000);
      }
    }
  }
}
