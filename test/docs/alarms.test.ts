import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { ALARM_TYPES } from '../../src/model/alarm.ts';
import { FLEET_ALARM_KINDS } from '../../src/model/fleet/fleet-alarm.ts';

const operate = join(resolve(import.meta.dirname, '../..'), 'docs/operate');
const page = readFileSync(join(operate, 'alarms.md'), 'utf8');

it('each alarm has a row that says what to do, in the order of the table, and is in the command that shows all', () => {
  expect(
    [...page.matchAll(/^\| \[`([a-z-]+)`\]\(site-alarms\/\1\.md\) \| .+ \| .+ \|$/gm)].map(([, type]) => type),
  ).toEqual(ALARM_TYPES);
  expect(page).toContain(`slipway events --type ${ALARM_TYPES.join(' ')}`);
});

it('each alarm of a site has a page that says which, and what to do, and no page is left over', () => {
  const pages = readdirSync(join(operate, 'site-alarms')).map((name) => name.replace('.md', ''));
  expect(pages.sort()).toEqual([...ALARM_TYPES].sort());
  for (const type of ALARM_TYPES) {
    const text = readFileSync(join(operate, 'site-alarms', `${type}.md`), 'utf8');
    expect(text).toContain(`slipway events --type ${type}`);
    expect(text).toMatch(/\*\*What to do\*\*: .{20}/);
  }
});

it('each alarm of head office has a page on which a person wrote more than the table says, and no page is left over', () => {
  const pages = readdirSync(join(operate, 'hub-alarms')).map((name) => name.replace('.md', ''));
  expect(pages.sort()).toEqual([...FLEET_ALARM_KINDS, 'README'].sort());
  const textOf = (kind: string) => readFileSync(join(operate, 'hub-alarms', `${kind}.md`), 'utf8');
  expect(FLEET_ALARM_KINDS.filter((kind) => (textOf(kind).split('<!-- by hand -->')[1] ?? '').length < 100)).toEqual(
    [],
  );
});
