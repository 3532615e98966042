import { formatDuration } from '../../../kernel/duration.ts';
import type { MacAddress } from '../../../kernel/mac.ts';
import { type Boot, TOKEN_SLACK_MS } from '../../../model/boot.ts';
import { findMachine } from '../../../model/identity.ts';
import type { Signal } from '../../../model/signal.ts';
import type { Context } from './context.ts';
import { hearCompletion } from './hear-install.ts';
import { knowMachine } from './know-machine.ts';
import { nameOf, step, subjectOf } from './track-boot.ts';
import { describe } from './words.ts';

/** The node is up. What makes it enrolled is that its own boot says so: a second call, or one of an older boot, changes nothing. */
export function hearPhoneHome(context: Context, signal: Extract<Signal, { kind: 'phone-home' }>): void {
  const known = findMachine({ mac: signal.mac }, context.draft, signal.at);
  const { at, issuedAt } = signal;
  if (known && hearCompletion(context, { machine: known, by: 'phone-home', at, issuedAt })) return;
  const boot = bootOf(context, signal);
  if (boot) comeUp(context, boot, { at, mac: signal.mac, said: signal });
}

/** What a system said of itself when it was up. */
type CameUp = {
  readonly at: number;
  readonly mac: MacAddress;
  readonly said: { readonly hostname?: string; readonly instanceId?: string };
};

/** A live system is up, whichever way it says so. */
function comeUp(context: Context, boot: Boot, { at, mac, said }: CameUp): void {
  // An installer that calls although something else completes it has not completed anything.
  if (boot.outcome || boot.order !== undefined) return;
  const more = said.hostname ? [{ kind: 'hostname', value: said.hostname } as const] : [];
  const machine = knowMachine(context, { claim: { mac }, more, source: 'os', at });
  const next = step(context, boot, 'phone-home', at);
  if (machine && next.stage === 'done') enrol(context, next, describe(machine), { at, said });
}

const PHASES = { start: ', begun', finish: ', finished', other: '' } as const;

/** One step that the node tells of. */
export function hearReport(context: Context, signal: Extract<Signal, { kind: 'report' }>): void {
  const { draft, memory } = context;
  const boot = bootOf(context, signal);
  if (!boot) return;
  // A chatty installer says hundreds: they are cut short, and what they prove is not.
  if (memory.mayReport(boot.id)) tellReport(context, boot, signal);
  step(context, boot, 'report', signal.at);
  const machine = draft.machines.get(boot.machine);
  if (machine && isLastReport(signal)) hearCompletion(context, { machine, by: 'report', at: signal.at });
}

function tellReport(context: Context, boot: Boot, signal: Extract<Signal, { kind: 'report' }>): void {
  const result = signal.result ? `: ${signal.result}` : '';
  const sentence = `${nameOf(context, boot)}: ${signal.description ?? signal.name}${PHASES[signal.phase]}${result}`;
  const data = {
    name: signal.name,
    phase: signal.phase,
    ...(signal.result ? { result: signal.result } : {}),
    ...(signal.description ? { description: signal.description } : {}),
  };
  context.draft.say({ type: 'node-reported', at: signal.at, sentence, ...subjectOf(boot), data });
}

/** cloud-init's last stage went well. */
function isLastReport({ name, phase, result }: Extract<Signal, { kind: 'report' }>): boolean {
  return name === 'modules-final' && phase === 'finish' && result === 'SUCCESS';
}

/** A Talos machine tells how far it is. Its own word for "the whole way" is `running`. */
export function hearTalosEvent(context: Context, signal: Extract<Signal, { kind: 'talos-event' }>): void {
  const { draft, memory } = context;
  const machine = findMachine({ mac: signal.mac }, draft, signal.at);
  const boot = machine && draft.latestBoot(machine.id);
  if (!machine || !boot) return;
  const { what, stage, failed, at } = signal;
  if (memory.mayReport(boot.id)) {
    const sentence = `${nameOf(context, boot)}: Talos ${stage} ${what}${failed ? ', failed' : ''}`;
    draft.say({ type: 'node-reported', at, sentence, ...subjectOf(boot), data: { what, stage, failed } });
  }
  if (what !== 'running' || failed) return;
  if (hearCompletion(context, { machine, by: 'talos-running', at })) return;
  if (boot.mac === signal.mac) comeUp(context, boot, { at, mac: signal.mac, said: {} });
}

/** One line of a system's log that somebody should see. */
export function hearSystemLog(context: Context, signal: Extract<Signal, { kind: 'system-log' }>): void {
  const { draft, memory } = context;
  const machine = findMachine({ mac: signal.mac }, draft, signal.at);
  const boot = machine && draft.latestBoot(machine.id);
  if (!boot || !memory.mayReport(boot.id)) return;
  const { at, line, level } = signal;
  const sentence = `${nameOf(context, boot)} logs: ${line}`;
  draft.say({ type: 'system-log', at, sentence, ...subjectOf(boot), data: { line, level } });
}

function enrol({ draft }: Context, boot: Boot, who: string, { at, said }: Omit<CameUp, 'mac'>): void {
  const binding = boot.slot === undefined ? undefined : draft.currentBinding(boot.slot);
  if (!binding || binding.number !== boot.binding || binding.machine !== boot.machine) return;
  draft.putBinding({ ...binding, health: 'enrolled', enrolledAt: at, enrolledBy: boot.id });
  const tookMs = at - boot.openedAt;
  const sentence = `${binding.slot} is enrolled: ${who}, ${formatDuration(Math.max(0, tookMs))} after it was switched on`;
  const data = {
    binding: binding.number,
    tookMs,
    ...(said.hostname ? { hostname: said.hostname } : {}),
    ...(said.instanceId ? { instanceId: said.instanceId } : {}),
  };
  draft.say({ type: 'node-enrolled', at: at, sentence, ...subjectOf(boot), data });
}

/**
 * The boot that a token speaks for: the newest one of its machine, unless the token is older than that or was given to
 * another NIC, which then is not the one that boots.
 */
function bootOf({ draft }: Context, signal: Extract<Signal, { kind: 'phone-home' | 'report' }>): Boot | undefined {
  const machine = findMachine({ mac: signal.mac }, draft, signal.at);
  const boot = machine && draft.latestBoot(machine.id);
  if (boot?.mac !== signal.mac) return undefined;
  return signal.issuedAt >= boot.openedAt - TOKEN_SLACK_MS ? boot : undefined;
}
