import { Injectable, Logger } from '@nestjs/common';
import { SpeakingJob, WritingJob } from './messages';
import { Submission, Submissions } from './submissions';

/** Where jobs go to be graded. */
export abstract class JobQueue {
  /** Sends a job; returns when the broker has it on disk. While there is no broker it waits for one. */
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
    this.queue.send(kind, job).then(
      () => this.submissions.sent(job.job_id),
      (error) => this.logger.error(`${job.job_id} was not sent, and stays pending: ${error}`),
    );
    return submission;
  }
}
