import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, Payload, RmqContext } from '@nestjs/microservices';
import { GradingResult } from '../messages';
import { Submissions } from '../submissions';

/** Reads results, which come with the pattern that is set as Warren:Grading:ResultPattern. */
@Controller()
export class ResultsController {
  constructor(private readonly submissions: Submissions) {}

  @EventPattern('grading.result')
  take(@Payload() result: GradingResult, @Ctx() context: RmqContext): void {
    this.submissions.finish(result);
    context.getChannelRef().ack(context.getMessage());
  }
}
