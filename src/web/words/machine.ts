import type { MachineView, ProposalView } from '../../wire/api/views.ts';
import { capital } from './plain.ts';
import { howLong, sinceWhen } from './time.ts';

/** What is written on a machine: its maker and model, or that it says none. */
export function machineName({ manufacturer, product }: MachineView): string {
  return (
    [manufacturer, product].filter((part) => part !== undefined).join(' ') || 'A machine that does not say its make'
  );
}

/** What tells it from others of its make: its serial number, else its network cards. */
export function machineMark({ serial, macs }: MachineView): string {
  if (serial !== undefined) return `Serial ${serial}`;
  return macs.length > 0 ? `Network card ${macs.join(', ')}` : '';
}

/** What an unknown machine waits for, and since when. */
export function waitingWords({ firstSeen, lastSeen, held, fenced }: MachineView, now: number): string {
  if (fenced !== undefined) return `${capital(fenced)}. It starts from its own disk.`;
  return held
    ? `Its screen shows a code. Here ${sinceWhen(firstSeen, now)}.`
    : `Last seen ${howLong(Math.max(0, now - lastSeen))} ago.`;
}

/** A slot that the machine probably is for, as the text of a button. */
export function proposalWords({ command, slot, because }: ProposalView): {
  readonly label: string;
  readonly why: string;
} {
  const label = command === 'claim' ? `Use it as ${slot}` : `Replace ${slot} with it`;
  return { label, why: capital(because) };
}
