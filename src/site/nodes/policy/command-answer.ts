import { AppError } from '../../../kernel/errors.ts';
import type { Result } from '../../../kernel/result.ts';
import { err, ok } from '../../../kernel/result.ts';
import type { CommandAnswer } from '../../../model/commands.ts';

/** Who says it, and when. */
export type Said = { readonly by: string; readonly at: number };
export type Outcome = Result<CommandAnswer, AppError>;

export function answer(sentence: string): Outcome {
  return ok({ sentence });
}

export function refused(because: string): Result<never, AppError> {
  return err(new AppError('command-refused', because));
}

export function wrongCode(): Result<never, AppError> {
  const because = 'no machine shows this code now: read it from the screen again, within ten minutes';
  return err(new AppError('code-refused', because));
}

export function notFound(message: string): Result<never, AppError> {
  return err(new AppError('not-found', message));
}
