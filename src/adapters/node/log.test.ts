import { describe, expect, it } from 'vitest';
import { AppError } from '../../kernel/errors.ts';
import { createRedactor } from '../../kernel/redactor.ts';
import { createLog } from './log.ts';

function lines() {
  const written: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void written.push(JSON.parse(line)) };
  return { written, log: createLog({ level: 'info', destination }) };
}

const token = 'A'.repeat(44);

describe('the log', () => {
  it('writes one line with its fields, and none below its level', () => {
    const { written, log } = lines();
    log.debug({}, 'too quiet');
    log.info({ machine: 'm1', slot: 'pos-1' }, 'a lease was granted');
    expect(written).toEqual([
      { level: 30, time: expect.any(String), machine: 'm1', slot: 'pos-1', msg: 'a lease was granted' },
    ]);
  });

  it('hides secrets wherever they are', () => {
    const { written, log } = lines();
    log.warn(
      {
        joinToken: 'geheim-1',
        deep: { list: [{ Password: 'geheim-2' }], map: new Map([['secret', 'geheim-3']]) },
        url: `http://10.0.0.1/t/${token}/user-data`,
        error: new AppError('token-refused', `no such address /r/${token}/phone-home`),
      },
      `GET /t/${token}/meta-data`,
    );
    const text = JSON.stringify(written);
    expect(text).not.toMatch(/geheim|AAAA/);
    expect(text.match(/\[hidden\]/g)?.length).toBe(6);
    expect(written[0]?.['url']).toBe('http://10.0.0.1/t/[hidden]/user-data');
  });

  it('keeps the stack of bugs and the cause of weather', () => {
    const { written, log } = lines();
    const cause = Object.assign(new Error('no space'), { code: 'ENOSPC' });
    log.error({ error: new AppError('disk-full', 'cannot write', { cause }) }, 'weather');
    log.error({ error: AppError.from(new Error('oops')) }, 'ours');
    const [weather, ours] = written.map((line) => line['error'] as Record<string, unknown>);
    expect(weather).toEqual({
      code: 'disk-full',
      message: 'cannot write',
      cause: { code: 'ENOSPC', message: 'no space' },
    });
    expect(ours).toMatchObject({ code: 'internal', message: 'oops', stack: expect.stringContaining('log.test.ts') });
  });

  it('takes any value', () => {
    const { written, log } = lines();
    const round: Record<string, unknown> = { bytes: new Uint8Array(3), n: 5n, nothing: null };
    round['self'] = round;
    log.info({ round, set: new Set([1]), at: new Date(0) }, 'anything');
    expect(written[0]).toMatchObject({ set: [1], round: { bytes: '[3 bytes]', n: '5', nothing: null } });
  });
});

it('the log takes out what a redactor knows, in fields and in the message', () => {
  const written: string[] = [];
  const redactor = createRedactor();
  redactor.learn('geheim-1');
  const log = createLog({ level: 'info', destination: { write: (line) => void written.push(line) }, redactor });
  log.error({ error: new Error('it was geheim-1'), said: ['geheim-1'] }, 'geheim-1 was said');
  expect(written.join('')).not.toContain('geheim');
  expect(written.join('')).toContain('it was [hidden]');
});
