import { AppError } from '../../kernel/errors.ts';
import { parseInviteCode } from '../../wire/link/invite-code.ts';
import type { Invited } from './run-sites.ts';

/**
 * Reads a file of invites: a line for each site with its name and its code, as `slipway hub invite` printed it; what follows a
 * `#` at the beginning of a line is for people.
 * @throws AppError `usage-invalid` with the number of the line
 */
export function parseInvites(text: string, path: string): readonly Invited[] {
  return text.split('\n').flatMap((line, i) => {
    if (line.trim() === '' || line.trimStart().startsWith('#')) return [];
    const [, site, code = ''] = /^\s*(\S+)\s+(.*?)\s*$/.exec(line) ?? [];
    const parsed = parseInviteCode(code);
    if (site !== undefined && parsed.ok) return [{ site, code }];
    const because = parsed.ok ? 'a name and a code are expected' : parsed.error;
    throw new AppError('usage-invalid', `${path}:${i + 1}: ${because}`);
  });
}
