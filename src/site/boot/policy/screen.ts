import { formatDuration } from '../../../kernel/duration.ts';
import type { Claim } from '../../../model/machine.ts';
import type { BootDecision, ScriptFile } from './decision.ts';

type Start = Extract<BootDecision, { kind: 'live' | 'install' }>;
type Told = Exclude<BootDecision, Start>;

/** Long enough to be read, or photographed. */
export const READING_SECONDS = 20;

/** Long enough to reach for the power switch. */
export const WARNING_SECONDS = 5;

/** What a person reads of a decision that starts nothing, line by line, whichever loader shows it. */
export function screenTexts(decision: Told): readonly string[] {
  switch (decision.kind) {
    case 'hold':
      return [
        'This site does not know the machine yet. Its code is:',
        '',
        `*** ${decision.code} ***`,
        '',
        'What to do: tell the code to whoever looks after this site, and leave the machine on.',
        `Without a place it goes on with its own disk after ${inWords(decision.leftSeconds)}.`,
      ];
    case 'wait':
      return [
        `Not yet: ${decision.because}.`,
        'What to do: leave the machine on, it asks again by itself.',
        `Otherwise it goes on with its own disk after ${inWords(decision.leftSeconds)}.`,
      ];
    case 'queue':
      return [
        `Many machines start at once here: this one has place ${decision.place} in the queue.`,
        'What to do: leave the machine on, it starts by itself when it is its turn.',
        `Only if the site stops answering, it goes on with its own disk after ${inWords(decision.holdSeconds)}.`,
      ];
    case 'local':
      return [
        `Going on with the local disk: ${decision.because}.`,
        ...(decision.toDo === undefined ? [] : [`What to do: ${decision.toDo}${itsCode(decision.code)}.`]),
      ];
    case 'refuse':
      return [
        'The site starts nothing on this machine:',
        `${decision.because}.`,
        `What to do: tell whoever looks after this site what stands here${andCode(decision.code)}.`,
        `It goes on with its own disk in ${READING_SECONDS} seconds.`,
      ];
  }
}

/** Before anything is fetched: whoever stands there may still save what is on the disk. */
export function warningTexts(decision: Start): readonly string[] {
  if (decision.kind === 'live') return [];
  const { order, attempt, disk, profile, wipe } = decision;
  const where = disk === undefined ? 'the disk' : `the disk ${disk}`;
  const turn = `attempt ${attempt} of ${order.maxAttempts}`;
  const whose = order.by.kind === 'person' ? order.by.name : `the template, ${order.by.name}`;
  return [
    `${profile} INSTALLS on ${where} of this machine, ordered by ${whose} (${turn}).`,
    ...(wipe ? ['This install erases the disk first.'] : []),
    `What is on that disk is lost. If that is wrong, switch the machine off in ${WARNING_SECONDS} seconds.`,
  ];
}

/** What comes next. */
export function startTexts({ kind, kernel, initrds, profile }: Start): readonly string[] {
  return [
    `Next: ${filesInWords([kernel, ...initrds])} come from the site, then ${profile} starts in memory.`,
    ...(kind === 'live' ? ['Slipway changes nothing on the disks of this machine.'] : []),
  ];
}

/** `Slipway, site store-0417, slot pos-1`. */
export function titleText(decision: BootDecision, siteName: string): string {
  const slot = 'slot' in decision && decision.slot !== undefined ? `, slot ${decision.slot}` : '';
  return `Slipway, site ${siteName}${slot}`;
}

/** `This machine: Acme Box 1, serial X1, MAC`; the address comes next, which its loader knows best. */
export function machineText(claim: Claim | undefined): string {
  const who = [claim?.manufacturer, claim?.product].filter(Boolean).join(' ') || 'of unknown make';
  return `This machine: ${who}, serial ${claim?.serial || 'unknown'}, MAC`;
}

function andCode(code: string | undefined): string {
  return code === undefined ? '' : `, and the code ${code}`;
}

function itsCode(code: string | undefined): string {
  return code === undefined ? '' : `; its code is ${code}`;
}

function inWords(seconds: number): string {
  if (seconds < 120) return `${seconds} seconds`;
  return seconds % 60 === 0 ? `${seconds / 60} minutes` : formatDuration(seconds * 1_000);
}

function filesInWords(files: readonly ScriptFile[]): string {
  return `${files.length} files (${inMiB(files.reduce((sum, file) => sum + file.sizeBytes, 0))})`;
}

function inMiB(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
