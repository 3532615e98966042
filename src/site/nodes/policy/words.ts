import { formatDuration } from '../../../kernel/duration.ts';
import type { Boot, BootStage } from '../../../model/boot.ts';
import type { Machine } from '../../../model/machine.ts';
import { evidenceOf } from '../../../model/machine.ts';

/** What a machine does in a stage, behind its name. */
export const DOING: Readonly<Record<BootStage, string>> = {
  seen: 'switched on',
  held: 'shows its code',
  loader: 'its loader runs',
  script: 'has its script',
  kernel: 'fetches its system',
  os: 'its system runs',
  configured: 'its system has its configuration',
  installing: 'installs',
  done: 'done',
};

/** What a person does about a boot that takes no further step. */
export const NEXT_STEP: Readonly<Record<BootStage, string>> = {
  seen: 'Is it on, and set to boot from the network? Look at its screen',
  held: 'Give it a slot, or leave it: it goes on with its own disk',
  loader: 'Look at its screen, then at its network cable',
  script: 'Look at its screen, then at its network cable',
  kernel: 'Look at its screen, then at its network cable',
  os: 'Its system asked for no configuration: look at its screen, and at `ds` in its profile',
  configured: 'Its system never said that it is up: look at its screen, or switch it off and on',
  installing: 'Look at its screen',
  done: 'Look at its screen',
};

/** `QEMU Standard PC, serial X1 (52:54:…)`: as a person knows a machine. */
export function describe(machine: Machine): string {
  const serial = evidenceOf(machine, 'serial');
  const name = [evidenceOf(machine, 'manufacturer'), evidenceOf(machine, 'product')].filter(Boolean).join(' ');
  const mac = evidenceOf(machine, 'mac') ?? evidenceOf(machine, 'uuid') ?? machine.id;
  return name || serial ? `${name || 'a machine'}${serial ? `, serial ${serial}` : ''} (${mac})` : `machine ${mac}`;
}

/** How a boot ended, in the past tense. */
export function describeEnd({ outcome, openedAt, closedAt, stage, wipes }: Boot): string {
  switch (outcome?.kind) {
    case 'live':
      return `up after ${formatDuration(Math.max(0, (closedAt ?? openedAt) - openedAt))}`;
    case 'installed':
      return `installed after ${formatDuration(Math.max(0, (closedAt ?? openedAt) - openedAt))}`;
    case 'local':
      return `went on with its own disk: ${outcome.because}`;
    case 'refused':
      return `refused: ${outcome.because}`;
    case 'stalled':
      return `stalled: ${DOING[outcome.stage]}; ${outcome.cause}. ${outcome.nextStep}`;
    case 'held':
      return 'was switched off while it showed its code';
    default:
      if (stage === 'kernel' && wipes) return 'began anew after its system was told to erase the disk';
      if (stage === 'installing') return 'began anew while it installed';
      return 'was switched off before it was done';
  }
}
