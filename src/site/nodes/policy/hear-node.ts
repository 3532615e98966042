import { formatDuration } from '../../../kernel/duration.ts';
import type { Boot } from '../../../model/boot.ts';
import { findMachine } from '../../../model/identity.ts';
import type { Signal } from '../../../model/signal.ts';
import type { Context } from './context.ts';
import { knowMachine } from './know-machine.ts';
import { nameOf, step, subjectOf } from './track-boot.ts';
import { describe } from './words.ts';

/** A token may be made a moment before the clock of its boot row: the diary writes later than the scripts go out. */
const TOKEN_SLACK_MS = 5_000;

/** The node is up. What makes it enrolled is that its own boot says so: a second call, or one of an older boot, changes nothing. */
export function hearPhoneHome(context: Context, signal: Extract<Signal, { kind: 'phone-home' }>): void {
  const boot = bootOf(context, signal);
  if (!boot || boot.outcome) return;
  const more = signal.hostname ? [{ kind: 'hostname', value: signal.hostname } as const] : [];
  const machine = knowMachine(context, { claim: { mac: signal.mac }, more, source: 'os', at: signal.at });
  const next = step(context, boot, 'phone-home', signal.at);
  if (machine && next.stage === 'done') enrol(context, next, describe(machine), signal);
}

const PHASES = { start: ', begun', finish: ', finished', other: '' } as const;

/** One step that the node tells of. */
export function hearReport(context: Context, signal: Extract<Signal, { kind: 'report' }>): void {
  const { draft, memory } = context;
  const boot = bootOf(context, signal);
  if (!boot || !memory.mayReport(boot.id)) return;
  const result = signal.result ? `: ${signal.result}` : '';
  const sentence = `${nameOf(context, boot)}: ${signal.description ?? signal.name}${PHASES[signal.phase]}${result}`;
  const data = {
    name: signal.name,
    phase: signal.phase,
    ...(signal.result ? { result: signal.result } : {}),
    ...(signal.description ? { description: signal.description } : {}),
  };
  draft.say({ type: 'node-reported', at: signal.at, sentence, ...subjectOf(boot), data });
  step(context, boot, 'report', signal.at);
}

function enrol({ draft }: Context, boot: Boot, who: string, signal: Extract<Signal, { kind: 'phone-home' }>): void {
  const binding = boot.slot === undefined ? undefined : draft.currentBinding(boot.slot);
  if (!binding || binding.number !== boot.binding || binding.machine !== boot.machine) return;
  draft.putBinding({ ...binding, health: 'enrolled', enrolledAt: signal.at, enrolledBy: boot.id });
  const tookMs = signal.at - boot.openedAt;
  const sentence = `${binding.slot} is enrolled: ${who}, ${formatDuration(Math.max(0, tookMs))} after it was switched on`;
  const data = {
    binding: binding.number,
    tookMs,
    ...(signal.hostname ? { hostname: signal.hostname } : {}),
    ...(signal.instanceId ? { instanceId: signal.instanceId } : {}),
  };
  draft.say({ type: 'node-enrolled', at: signal.at, sentence, ...subjectOf(boot), data });
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
