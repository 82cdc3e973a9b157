import { Injectable, Logger } from '@nestjs/common';
import { GradingResult } from './messages';

export interface Submission {
  id: string;
  status: 'pending' | 'processing' | 'completed' | 'failed';
  result: GradingResult['result'];
  error: string | null;
}

/** What was handed in, in memory; a backend in production has a table. */
@Injectable()
export class Submissions {
  private readonly all = new Map<string, Submission>();
  private readonly logger = new Logger(Submissions.name);

  get(id: string): Submission | undefined {
    return this.all.get(id);
  }

  add(id: string): Submission {
    const submission: Submission = { id, status: 'pending', result: null, error: null };
    this.all.set(id, submission);
    return submission;
  }

  /** The broker has the job. Its result may have been faster. */
  sent(id: string): void {
    const submission = this.all.get(id);
    if (submission?.status === 'pending') submission.status = 'processing';
  }

  /** Takes a result. A copy of one that is known changes nothing: after a crash a result may come again. */
  finish({ job_id, status, result, error }: GradingResult): void {
    const submission = this.all.get(job_id);
    if (!submission) return this.logger.warn(`A result for ${job_id}, which nobody handed in here`);
    if (submission.status === 'completed' || submission.status === 'failed') return;
    Object.assign(submission, { status, result, error });
  }
}
