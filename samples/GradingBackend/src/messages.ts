// The messages of grading, field by field.

export type TargetLevel = 'A2' | 'B1' | 'B2' | 'C1';

export interface WritingJob {
  job_id: string;
  user_id: number;
  attempt_id: number;
  question_id: number;
  task_type: 'task1' | 'task2';
  prompt: string;
  student_answer: string;
  target_level: TargetLevel;
  callback_url: string;
}

export interface SpeakingJob {
  job_id: string;
  user_id: number;
  attempt_id: number;
  question_id: number;
  part_number: 1 | 2 | 3;
  audio_url: string;
  target_level: TargetLevel;
  callback_url: string;
}

export interface GrammarError {
  text: string;
  /** Where it begins and ends in student_answer: `student_answer.slice(...position) === text`. */
  position: [number, number];
  correction: string;
  explanation: string;
}

export interface WritingScoreData {
  overall_score: number;
  task_achievement: number;
  coherence_cohesion: number;
  lexical_resource: number;
  grammatical_range: number;
  feedback: string;
  suggestions: string[];
  grammar_errors: GrammarError[];
  word_count: number;
  processing_time: number;
  /** What graded: 'offline (heuristic): …', or the name of a model. */
  engine: string;
}

export interface PronunciationError {
  word: string;
  phonetic: string;
  issue: string;
}

export interface SpeakingScoreData {
  overall_score: number;
  pronunciation: number;
  fluency: number;
  grammar: number;
  vocabulary: number;
  transcript: string;
  words_per_minute: number;
  feedback: string;
  suggestions: string[];
  pronunciation_errors: PronunciationError[];
  processing_time: number;
  engine: string;
}

/** Sent once for each job that has ended; after a crash perhaps again, word for word. */
export interface GradingResult<TScore = WritingScoreData | SpeakingScoreData> {
  job_id: string;
  status: 'completed' | 'failed';
  result: TScore | null;
  /** `code: message` if it failed. */
  error: string | null;
}

export type WritingResult = GradingResult<WritingScoreData>;
export type SpeakingResult = GradingResult<SpeakingScoreData>;
