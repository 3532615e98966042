import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { ALARM_TYPES } from '../../src/model/alarm.ts';

const page = readFileSync(join(resolve(import.meta.dirname, '../..'), 'docs/operate/alarms.md'), 'utf8');

it('each alarm has a row that says what to do, in the order of the table, and is in the command that shows all', () => {
  expect([...page.matchAll(/^\| `([a-z-]+)` \| .+ \| .+ \|$/gm)].map(([, type]) => type)).toEqual(ALARM_TYPES);
  expect(page).toContain(`slipway events --type ${ALARM_TYPES.join(' ')}`);
});
