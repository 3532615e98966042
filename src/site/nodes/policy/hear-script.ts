import type { MacAddress } from '../../../kernel/mac.ts';
import type { Boot } from '../../../model/boot.ts';
import type { ScriptAnswer, Signal } from '../../../model/signal.ts';
import type { BootInput } from './boot-machine.ts';
import type { Context } from './context.ts';
import { hearWhoAsked } from './hear-dhcp.ts';
import { fillSlot, knowMachine } from './know-machine.ts';
import { isBusyElsewhere, openBoot, placeBoot, step, subjectOf } from './track-boot.ts';
import { noteRan } from './track-way.ts';
import { describe } from './words.ts';

type Script = Extract<Signal, { kind: 'script' }>;

/** No machine is switched off, on and at its loader again so soon: who asks meanwhile is not booting, but asking. */
const REST_MS = 3_000;

/** The loader asked what to do, and was told. */
export function hearScript(given: Context, { at, claim, answer, errno, revision }: Script): void {
  const { draft, memory } = given;
  // By the revision that the machine was answered by: the template may have changed since.
  const context = { ...given, revision: (revision && given.keptRevision?.(revision)) ?? given.revision };
  memory.forgetLoaders(claim.mac);
  hearWhoAsked(context, claim.mac, at);
  const machine = knowMachine(context, { claim, source: 'script', at });
  if (!machine) return;
  const filled = fillSlot(context, machine, claim, at);
  const latest = draft.latestBoot(machine.id);
  if (latest && (isResting(latest, claim.mac, at) || isBusyElsewhere(context, latest, claim.mac, at))) return;
  const before =
    latest && !latest.outcome && latest.mac === claim.mac
      ? pin(context, placeBoot(context, latest, filled))
      : openBoot(context, { machine, mac: claim.mac, at, filled });
  if (errno && memory.mayReport(before.id)) {
    const sentence = `${describe(machine)}: its loader reports ${errno}`;
    draft.say({ type: 'node-reported', at, sentence, ...subjectOf(before), data: { errno } });
  }
  const heard = noteRan(context, before, at);
  const boot = hearAnswer(context, noteCode(context, noteOrder(context, heard, answer), answer), answer, at);
  if (boot.stage === 'held' && before.stage !== 'held') {
    const sentence = `${describe(machine)} is in no slot; its screen shows a code`;
    draft.say({ type: 'machine-held', at, sentence, ...subjectOf(boot) });
  }
}

/** The revision by which its loader was answered: that is the newest until the boot has begun, and then its own. */
function pin({ draft, revision }: Context, boot: Boot): Boot {
  if (!revision || boot.revision === revision.digest) return boot;
  const pinned = { ...boot, revision: revision.digest };
  draft.putBoot(pinned);
  return pinned;
}

/** Under which order the boot installs and whether it erases the disk, for all that it proves later. */
function noteOrder({ draft }: Context, boot: Boot, answer: ScriptAnswer): Boot {
  if (answer.kind !== 'install' || boot.outcome) return boot;
  const { wipes, ...plain } = boot;
  const isSame = boot.order === answer.order;
  const erases = answer.wipe || (isSame && wipes);
  if (isSame && erases === wipes) return boot;
  const noted: Boot = { ...plain, order: answer.order, ...(erases ? { wipes: true } : {}) };
  draft.putBoot(noted);
  return noted;
}

/** What its screen shows now. */
function noteCode({ draft }: Context, boot: Boot, answer: ScriptAnswer): Boot {
  const code = 'code' in answer ? answer.code : undefined;
  if (code === undefined || boot.outcome || boot.code === code) return boot;
  const noted = { ...boot, code };
  draft.putBoot(noted);
  return noted;
}

function isResting(boot: Boot, mac: MacAddress, at: number): boolean {
  if (!boot.outcome && boot.mac === mac) return false;
  const since = boot.closedAt ?? boot.openedAt;
  return at >= since && at - since < REST_MS;
}

function hearAnswer(context: Context, boot: Boot, answer: ScriptAnswer, at: number): Boot {
  if (answer.kind === 'wait' || answer.kind === 'queue') return boot;
  const input: BootInput = `script-${answer.kind}`;
  return step(context, boot, input, at, 'because' in answer ? answer.because : '');
}
