import { ALARM_TYPES } from '../../src/model/alarm.ts';
import { EVENTS } from '../../src/model/event.ts';

export const EVENTS_PAGE = 'docs/use/events.md';

const ABOUT = [
  '`slipway events` prints what happened at a site, the newest last, and `--follow` goes on as it happens. `--slot SLOT` and `--type TYPE` choose, `--limit` says how many;',
  '`--json` prints one object on each line. Programs read `GET /api/v1/events` with `slot`, `type`, `after`, `limit` and `order=newest`; asked for `text/event-stream`, it goes on as it happens.',
  '',
  'An event has a `type` of this table, `at` in milliseconds since 1970, a `sentence` for people, and `data` for programs. It may name a `machine`, a `slot` and a `boot`. `epoch` and `seq` together',
  'number it: `epoch` is new with each new database. Events are kept [for 90 days](../operate/install.md#what-it-needs). Those marked ALARM are in [the alarms](../operate/alarms.md), with what to do.',
];

/** The page of all events, made from their list. */
export function eventsPage(): string {
  const alarms: readonly string[] = ALARM_TYPES;
  const rows = Object.entries(EVENTS).map(
    ([type, meaning]) => `| \`${type}\` | ${alarms.includes(type) ? 'ALARM. ' : ''}${meaning} |`,
  );
  const lines = ['<!-- generated from src/model/event.ts by `npm run generate` -->', '', '# The events', ''];
  return `${[...lines, ...ABOUT, '', '| event | what happened |', '|---|---|', ...rows].join('\n')}\n`;
}
