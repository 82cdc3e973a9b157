/** Where the broker is, what its queues are called, and where this backend listens. */
export const settings = {
  url: process.env.RABBITMQ_URL ?? 'amqp://guest:guest@localhost:5672/',
  exchange: 'ai_grading',
  writingQueue: process.env.WRITING_QUEUE ?? 'writing_queue',
  speakingQueue: process.env.SPEAKING_QUEUE ?? 'speaking_queue',
  resultQueue: process.env.RESULT_QUEUE ?? 'result_queue',
  host: process.env.HOST ?? '127.0.0.1',
  port: Number(process.env.PORT ?? 3000),
};
