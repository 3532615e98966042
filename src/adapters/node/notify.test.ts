import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Log } from '../../kernel/ports.ts';
import { createNotifier } from './notify.ts';

let dir: string;
const warnings: string[] = [];
const quiet = () => {};
const log: Log = { debug: quiet, info: quiet, warn: (_fields, message) => warnings.push(message), error: quiet };

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-notify-'));
  warnings.length = 0;
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

it('hands each message to the program, with the socket', async () => {
  const program = join(dir, 'notify');
  writeFileSync(program, `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> ${dir}/heard\n`);
  chmodSync(program, 0o755);
  const notifier = createNotifier('/run/notify', log, program);
  await notifier.ready();
  await notifier.status('two\nlines');
  await notifier.watchdog();
  await notifier.stopping();
  expect(readFileSync(join(dir, 'heard'), 'utf8').trim().split('\n')).toEqual([
    '/run/notify READY=1',
    '/run/notify STATUS=two lines',
    '/run/notify WATCHDOG=1',
    '/run/notify STOPPING=1',
  ]);
  expect(warnings).toEqual([]);
});

it('does nothing where no systemd listens, and survives a missing program', async () => {
  await createNotifier(undefined, log, '/nowhere').ready();
  expect(warnings.length).toBe(0);
  await createNotifier('/run/notify', log, '/nowhere').ready();
  expect(warnings.length).toBe(1);
});
