import { formatDuration } from '../../src/kernel/duration.ts';
import {
  type Allowed,
  OFFERED,
  STALL_TABLE,
  STALLING_STAGES,
  type StallRow,
} from '../../src/site/nodes/policy/stall-table.ts';
import { DOING } from '../../src/site/nodes/policy/words.ts';

export const STALLS_PAGE = 'docs/operate/stalls.md';

const ABOUT = [
  'Every stage of a boot has its time. A machine that takes longer stands still: `slipway node SLOT` and `slipway nodes`',
  'show it as `stalled` with the cause and the next step, and an event `boot-stalled` is written down, once for each boot and stage. When',
  'the machine goes on after all, it is taken back by itself. When it is switched on anew instead, its boot ends *stalled*, and',
  '`slipway node SLOT` keeps the cause beside it. Time counts from the last thing that was heard of the machine; what the site',
  'slept through does not count.',
  '',
  'Within a stage the first row that fits is the one.',
];

const FACTS: Readonly<Record<string, (value: string) => string>> = {
  firmware: (value) => (value === 'uefi' ? 'its firmware is UEFI' : 'its firmware is BIOS'),
  loader: (value) =>
    ({
      silent: 'its loader was never heard',
      runs: 'its loader has an address',
      asks: 'its loader asks again and again',
    })[value] ?? value,
  answers: () => 'it takes none of our answers',
  hops: () => 'it fetches one loader after the other',
  spare: (value) => (value === 'shim' ? 'shim comes next' : 'there is another loader'),
  sent: () => 'a file went out in part',
  profile: (value) => `its profile has \`kind: ${value}\``,
  configuration: (value) => `its profile has a document \`${value}\``,
  completes: (value) => `its profile has \`completes: ${value}\``,
};

const DEAF = [
  'A machine that repeats its question although it was answered is answered in another form after two answers (beside another',
  'server: three), and so on until it comes on; a loader that goes out whole and is never heard makes the next loader come. Under `seen`, `slipway node SLOT` shows',
  'what it was answered with last. What worked is kept for the machine, and tried first for others of its maker and product.',
  '',
];

const LOST = [
  '## lost',
  '',
  'A node that was up is *lost* when its system has not renewed its lease for twice the length of the lease (`lease.os` of its',
  'network), and is not booting: events `node-lost`, and `node-healthy` when it is heard again. A system that gave its lease',
  'back as it shut down is not lost. Look whether it is on; then at its screen and at its network cable.',
];

/** The page of all stalls, made from their table. */
export function stallsPage(): string {
  const lines = ['<!-- generated from src/site/nodes/policy/stall-table.ts by `npm run generate` -->', ''];
  lines.push('# When a boot stands still', '', ...ABOUT, '');
  lines.push('## offered: asks for an address', '');
  lines.push(
    `Before its boot begins, after ${formatDuration(OFFERED.allowed)}: ${OFFERED.cause}. ${OFFERED.nextStep}.`,
    '',
  );
  lines.push(...DEAF);
  for (const stage of STALLING_STAGES) {
    lines.push(`## ${stage}: ${DOING[stage]}`, '', '| if | after | what happened | what to do |', '|---|---|---|---|');
    for (const row of STALL_TABLE.filter(({ stages }) => stages.includes(stage))) lines.push(tableLine(row));
    lines.push('');
  }
  return `${[...lines, ...LOST].join('\n')}\n`;
}

function tableLine({ when, allowed, cause, nextStep }: StallRow): string {
  const conditions = Object.entries(when).map(([fact, value]) => FACTS[fact]?.(value) ?? `${fact} is ${value}`);
  return `| ${conditions.join(', ') || 'otherwise'} | ${afterWords(allowed)} | ${cause} | ${nextStep} |`;
}

function afterWords(allowed: Allowed): string {
  if (allowed === 'hold') return 'a minute more than `unknownMachines.for`';
  if (allowed === 'within') return '`install.within`';
  return formatDuration(allowed);
}
