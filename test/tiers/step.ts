import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** One command of a tier. Its output is shown when it fails, or as it comes where it `streams`. */
export type Step = {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** Where the command leaves a vitest JSON report. */
  readonly jsonReport?: string;
  readonly streams?: boolean;
};

export type StepReport = { readonly step: Step; readonly ok: boolean; readonly seconds: number };

/** Runs a step to its end; a step with a report must also have run at least one test and skipped none. */
export async function runStep(step: Step): Promise<StepReport> {
  const startedAt = performance.now();
  const { status, output } = await run(step);
  const seconds = (performance.now() - startedAt) / 1000;
  const hollow = status === 0 ? hollowReason(step) : undefined;
  const ok = status === 0 && hollow === undefined;
  if (!ok && !step.streams) process.stdout.write(output);
  process.stdout.write(
    `${ok ? 'ok    ' : 'FAILED'} ${step.name}, ${seconds.toFixed(1)} s${hollow ? `: ${hollow}` : ''}\n`,
  );
  return { step, ok, seconds };
}

function run(step: Step): Promise<{ status: number; output: string }> {
  const [program, ...args] = step.command;
  const env = {
    ...process.env,
    PATH: `${join(process.cwd(), 'node_modules', '.bin')}${delimiter}${process.env['PATH'] ?? ''}`,
  };
  return new Promise((resolve) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const take = (chunk: Buffer): void => {
      if (step.streams) process.stdout.write(chunk);
      else output += chunk.toString();
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', (error) => resolve({ status: 127, output: `${error.message}\n` }));
    child.on('close', (code) => resolve({ status: code ?? 1, output }));
  });
}

/** A run that tested nothing, or left something out, must not look like a success. */
function hollowReason(step: Step): string | undefined {
  if (!step.jsonReport) return undefined;
  const json = JSON.parse(readFileSync(step.jsonReport, 'utf8')) as { numTotalTests: number; numPendingTests: number };
  if (json.numTotalTests === 0) return 'no test ran';
  return json.numPendingTests > 0 ? `${json.numPendingTests} tests were skipped` : undefined;
}
