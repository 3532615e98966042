import { FLEET_ALARM_KINDS, FLEET_ALARMS, type FleetAlarmKind } from '../../src/model/fleet/fleet-alarm.ts';
import type { GeneratedDocument } from './documents.ts';

export const HUB_ALARMS = 'docs/operate/hub-alarms';
const MADE =
  '<!-- generated from src/model/fleet/fleet-alarm.ts by `npm run generate`; what stands below the next mark is not -->';
/** What a person wrote about an alarm stands behind this. */
const BY_HAND = '<!-- by hand -->';

/** A page for each alarm of head office, and one that lists them. */
export const HUB_ALARM_PAGES: readonly GeneratedDocument[] = [
  { path: `${HUB_ALARMS}/README.md`, render: () => listPage() },
  ...FLEET_ALARM_KINDS.map((kind) => ({
    path: `${HUB_ALARMS}/${kind}.md`,
    render: (before: string) => alarmPage(kind, before),
  })),
];

function listPage(): string {
  const rows = FLEET_ALARM_KINDS.map(
    (kind) => `| [\`${kind}\`](${kind}.md) | ${FLEET_ALARMS[kind].title} | ${FLEET_ALARMS[kind].toDo} |`,
  );
  return [
    '<!-- generated from src/model/fleet/fleet-alarm.ts by `npm run generate` -->',
    '',
    '# The alarms of head office',
    '',
    '`slipway hub alarms` and the fleet page show them, each with what to do. Head office looks about once a minute; an alarm comes and goes',
    'by itself, with a line in the log. They are kept in the database, so that one that began before a restart still says when.',
    'What a store has to look into stands with the [alarms of a site](../alarms.md).',
    '',
    '| alarm | what happened | what to do |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function alarmPage(kind: FleetAlarmKind, before: string): string {
  const { title, means, toDo, ends } = FLEET_ALARMS[kind];
  const byHand = before.split(BY_HAND)[1]?.trim() ?? '';
  const lines = [MADE, '', `# ${title}: \`${kind}\``, '', means, ''];
  lines.push(`**What to do**: ${toDo}.`, '', `**It ends** ${ends}.`, '', BY_HAND, '');
  return `${[...lines, ...(byHand ? [byHand, ''] : [])].join('\n')}`;
}
