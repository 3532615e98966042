import { ERRORS, type ErrorEntry } from '../../src/kernel/errors.ts';

const families = {
  caller: ['Yours', 'A request, a file or a setting that cannot be honoured.'],
  weather: ['Weather', 'Disk, network or hardware. Slipway goes on as well as it can and tries again.'],
  ours: ['Ours', 'A bug of Slipway.'],
} as const;

/** The page of all errors, made from the registry. */
export function errorsPage(): string {
  const lines = ['<!-- generated from src/kernel/errors.ts by `npm run generate` -->', '', '# Errors', ''];
  lines.push(
    'Every message of Slipway that reports a failure ends with its code in parentheses. The same code is in the JSON of the',
  );
  lines.push('API (`error.code`) and in the log (`code`).', '');
  for (const [family, [title, about]] of Object.entries(families)) {
    lines.push(`## ${title}`, '', about, '');
    for (const [code, entry] of Object.entries<ErrorEntry>(ERRORS)) {
      if (entry.family !== family) continue;
      lines.push(`### ${code}`, '', `${entry.meaning} (HTTP ${entry.status})`, '', `What to do: ${entry.help}`, '');
    }
  }
  return `${lines.join('\n').trimEnd()}\n`;
}
