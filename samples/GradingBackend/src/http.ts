import { Body, Controller, Get, HttpCode, INestApplication, NotFoundException, Param, Post } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Grading } from './job-queue';
import { SpeakingJob, WritingJob } from './messages';
import { settings } from './settings';
import { Submission, Submissions } from './submissions';

/** What is not in the body: here all work is that of one learner. */
const ours = () => ({ job_id: randomUUID(), user_id: 1, attempt_id: 1, question_id: 1, callback_url: 'http://localhost:3000/callback' });

function found(submission: Submission | undefined, id: string): Submission {
  if (!submission) throw new NotFoundException(`There is no submission ${id}.`);
  return submission;
}

@Controller('essays')
export class EssaysController {
  constructor(
    private readonly grading: Grading,
    private readonly submissions: Submissions,
  ) {}

  /** Takes an essay. What cannot be graded comes back as failed, with the reason. */
  @Post()
  @HttpCode(202)
  submit(@Body() { task_type, prompt, student_answer, target_level }: WritingJob): Submission {
    return this.grading.submit('writing', { ...ours(), task_type, prompt, student_answer, target_level });
  }

  @Get(':id')
  show(@Param('id') id: string): Submission {
    return found(this.submissions.get(id), id);
  }
}

@Controller('recordings')
export class RecordingsController {
  constructor(
    private readonly grading: Grading,
    private readonly submissions: Submissions,
  ) {}

  @Post()
  @HttpCode(202)
  submit(@Body() { part_number, audio_url, target_level }: SpeakingJob): Submission {
    return this.grading.submit('speaking', { ...ours(), part_number, audio_url, target_level });
  }

  @Get(':id')
  show(@Param('id') id: string): Submission {
    return found(this.submissions.get(id), id);
  }
}

/** Serves until SIGTERM or ctrl-C. */
export async function serve(app: INestApplication): Promise<void> {
  app.enableShutdownHooks();
  await app.listen(settings.port, settings.host);
  console.log(`Listening on ${await app.getUrl()}`);
}
