import { expect } from 'vitest';
import { type ConsoleStep, outputMatches } from './console-blocks.ts';
import type { ConsoleSession } from './console-session.ts';

/** Types a command of `page` and compares status and output with what the page shows. */
export async function typeStep(session: ConsoleSession, page: string, step: ConsoleStep): Promise<void> {
  const where = `${page}:${step.line}: $ ${step.command}`;
  const { status, output } = await session.run(step.command);
  expect({ where, status }, output).toEqual({ where, status: 0 });
  // The comparison that failed is shown as a difference of texts.
  if (!outputMatches(step.expected, output)) expect(output, where).toBe(`${step.expected.join('\n')}\n`);
}
