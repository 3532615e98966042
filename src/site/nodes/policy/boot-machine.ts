import type { BootOutcome, BootStage } from '../../../model/boot.ts';

/** What can happen to a boot, in the words of its state machine. */
export const BOOT_INPUTS = {
  loader: 'a loader went out, or iPXE asked for an address',
  'script-live': 'its script starts a system',
  'script-install': 'its script starts an installer',
  'script-hold': 'its script shows a code and waits',
  'script-local': 'its script goes on with the local disk',
  'script-refuse': 'its script says why it is refused',
  asset: 'kernel or initramfs are on their way',
  'asset-sent': 'kernel or initramfs went out whole',
  'os-address': 'a running system asked for an address',
  document: 'the system fetched a document',
  'user-data': 'the system fetched its user-data',
  report: 'the system reported a step',
  'phone-home': 'the system says that it is up',
  attempt: 'the installer fetched its configuration',
  installed: 'its install is complete',
  'power-on': 'the firmware began anew',
  'gave-up': 'the firmware began anew while it stood still',
} as const;
export type BootInput = keyof typeof BOOT_INPUTS;

/** What tells a system all that it is to do; `meta-data` and the like only say who it is. */
const CONFIGURATIONS: ReadonlySet<string> = new Set(['user-data', 'talos', 'ignition', 'preseed', 'kickstart']);

/** What it is for a boot that its system fetched the document of this name. */
export function inputOfDocument(name: string): BootInput {
  return CONFIGURATIONS.has(name) ? 'user-data' : 'document';
}

/** How an outcome is made; the sentence of `local` and `refused` comes with the input. */
type Ending = BootOutcome['kind'];

/** `to` undefined: the stage stays as it is, and the boot ends. */
export type Transition = {
  readonly from: BootStage;
  readonly on: BootInput;
  readonly to?: BootStage;
  readonly ends?: Ending;
};

/**
 * The life of a boot. A pair that is not listed changes nothing: a retry, a straggler, a second report.
 * A loader that is running asks for its script before it can be held, so `held` comes after `loader` here.
 */
export const TRANSITIONS: readonly Transition[] = [
  { from: 'seen', on: 'loader', to: 'loader' },
  { from: 'seen', on: 'script-live', to: 'script' },
  { from: 'seen', on: 'script-install', to: 'script' },
  { from: 'seen', on: 'script-hold', to: 'held' },
  { from: 'seen', on: 'script-local', ends: 'local' },
  { from: 'seen', on: 'script-refuse', ends: 'refused' },
  // It gave up on the network, and its disk had a system.
  { from: 'seen', on: 'os-address', ends: 'local' },
  // Nobody has a kernel without a script: the script was lost when the site was killed. A part of one may also be the end
  // of the boot before.
  { from: 'seen', on: 'asset-sent', to: 'kernel' },
  { from: 'seen', on: 'document', to: 'os' },
  { from: 'seen', on: 'user-data', to: 'configured' },
  { from: 'seen', on: 'attempt', to: 'installing' },
  { from: 'seen', on: 'power-on', ends: 'superseded' },
  { from: 'seen', on: 'gave-up', ends: 'stalled' },

  { from: 'loader', on: 'script-live', to: 'script' },
  { from: 'loader', on: 'script-install', to: 'script' },
  { from: 'loader', on: 'script-hold', to: 'held' },
  { from: 'loader', on: 'script-local', ends: 'local' },
  { from: 'loader', on: 'script-refuse', ends: 'refused' },
  { from: 'loader', on: 'os-address', ends: 'local' },
  { from: 'loader', on: 'asset-sent', to: 'kernel' },
  { from: 'loader', on: 'document', to: 'os' },
  { from: 'loader', on: 'user-data', to: 'configured' },
  { from: 'loader', on: 'attempt', to: 'installing' },
  { from: 'loader', on: 'power-on', ends: 'superseded' },
  { from: 'loader', on: 'gave-up', ends: 'stalled' },

  { from: 'held', on: 'script-live', to: 'script' },
  { from: 'held', on: 'script-install', to: 'script' },
  { from: 'held', on: 'script-local', ends: 'local' },
  { from: 'held', on: 'script-refuse', ends: 'refused' },
  // The site was away when its time was over: the script went on by itself.
  { from: 'held', on: 'os-address', ends: 'local' },
  { from: 'held', on: 'power-on', ends: 'held' },
  { from: 'held', on: 'gave-up', ends: 'stalled' },

  { from: 'script', on: 'asset', to: 'kernel' },
  { from: 'script', on: 'asset-sent', to: 'kernel' },
  { from: 'script', on: 'script-local', ends: 'local' },
  { from: 'script', on: 'script-refuse', ends: 'refused' },
  { from: 'script', on: 'os-address', to: 'os' },
  { from: 'script', on: 'document', to: 'os' },
  { from: 'script', on: 'user-data', to: 'configured' },
  { from: 'script', on: 'report', to: 'configured' },
  { from: 'script', on: 'phone-home', to: 'done', ends: 'live' },
  { from: 'script', on: 'attempt', to: 'installing' },
  { from: 'script', on: 'installed', to: 'done', ends: 'installed' },
  { from: 'script', on: 'power-on', ends: 'superseded' },
  { from: 'script', on: 'gave-up', ends: 'stalled' },

  { from: 'kernel', on: 'script-local', ends: 'local' },
  { from: 'kernel', on: 'script-refuse', ends: 'refused' },
  { from: 'kernel', on: 'os-address', to: 'os' },
  { from: 'kernel', on: 'document', to: 'os' },
  { from: 'kernel', on: 'user-data', to: 'configured' },
  { from: 'kernel', on: 'report', to: 'configured' },
  { from: 'kernel', on: 'phone-home', to: 'done', ends: 'live' },
  { from: 'kernel', on: 'attempt', to: 'installing' },
  { from: 'kernel', on: 'installed', to: 'done', ends: 'installed' },
  { from: 'kernel', on: 'power-on', ends: 'superseded' },
  { from: 'kernel', on: 'gave-up', ends: 'stalled' },

  { from: 'os', on: 'user-data', to: 'configured' },
  { from: 'os', on: 'report', to: 'configured' },
  { from: 'os', on: 'phone-home', to: 'done', ends: 'live' },
  { from: 'os', on: 'attempt', to: 'installing' },
  { from: 'os', on: 'installed', to: 'done', ends: 'installed' },
  { from: 'os', on: 'power-on', ends: 'superseded' },
  { from: 'os', on: 'gave-up', ends: 'stalled' },

  { from: 'configured', on: 'phone-home', to: 'done', ends: 'live' },
  { from: 'configured', on: 'attempt', to: 'installing' },
  { from: 'configured', on: 'installed', to: 'done', ends: 'installed' },
  { from: 'configured', on: 'power-on', ends: 'superseded' },
  { from: 'configured', on: 'gave-up', ends: 'stalled' },

  { from: 'installing', on: 'installed', to: 'done', ends: 'installed' },
  { from: 'installing', on: 'power-on', ends: 'superseded' },
  { from: 'installing', on: 'gave-up', ends: 'stalled' },
];

/** The transition for a boot that is still open; undefined: nothing changes. */
export function findTransition(from: BootStage, on: BootInput): Transition | undefined {
  return TRANSITIONS.find((row) => row.from === from && row.on === on);
}

/** The table as a Mermaid diagram, for docs/boot-states.md. */
export function renderDiagram(rows: readonly Transition[] = TRANSITIONS): string {
  const lines = new Map<string, BootInput[]>();
  for (const row of rows) {
    const arrow = `${row.from} --> ${targetOf(row)}`;
    lines.set(arrow, [...(lines.get(arrow) ?? []), row.on]);
  }
  const arrows = [...lines].map(([arrow, inputs]) => `    ${arrow} : ${inputs.join(', ')}`);
  return ['stateDiagram-v2', '    [*] --> seen', ...arrows, ''].join('\n');
}

function targetOf(row: Transition): string {
  const end = row.ends ? `${row.ends}!` : '';
  return row.to && row.ends ? `${row.to}_${row.ends}` : (row.to ?? end.replace('!', '_outcome'));
}
