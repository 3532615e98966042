import { formatDuration } from '../../../kernel/duration.ts';
import { matchesMac } from '../../../kernel/mac.ts';
import type { Result } from '../../../kernel/result.ts';
import { err, ok } from '../../../kernel/result.ts';
import { findHardware } from '../../../model/hardware.ts';
import { fillHoles, secretsOf } from '../../../model/holes.ts';
import { findMachine, findSlot, shownCode } from '../../../model/identity.ts';
import type { Claim, Machine } from '../../../model/machine.ts';
import { evidenceOf } from '../../../model/machine.ts';
import { ARMED, fencedMark } from '../../../model/order.ts';
import { hasSecrets, holeValuesFor } from '../../../model/peer.ts';
import type { CmdlineWord, LocalBoot, Profile, Revision, Slot } from '../../../model/revision.ts';
import { ignoresUnknown } from '../../../model/revision.ts';
import { grubKernelWords } from '../codec/grub.ts';
import { kernelWords } from '../codec/ipxe.ts';
import type { BootContext, BootDecision, BootRequest, SystemStart } from './decision.ts';
import { mayInstall, siteRefuses } from './install-permit.ts';
import { bootArch, localBootOf } from './machine-env.ts';
import { missingFiles, scriptFiles } from './readiness.ts';
import { wipeWords } from './wipe-once.ts';

/** How long a machine waits for a site that has no template yet; afterwards it goes on with what it has. */
const STARTING_HOLD_SECONDS = 300;

/** How long a machine in the queue waits for a site that answers no more. While it answers, the site keeps the time. */
const QUEUE_HOLD_SECONDS = 300;

/** What a machine is to boot now. Pure; every way out is a decision that a person can read. */
export function decideBoot(request: BootRequest, context: BootContext): BootDecision {
  const { revision } = context;
  if (!revision) return decideWithoutRevision(request);
  const localBoot = localWayOf(request, undefined, revision);
  if (revision.unknownMachines.ignore.some((pattern) => matchesMac(pattern, request.claim.mac)))
    return { kind: 'local', because: 'the site leaves machines with this address alone', localBoot };
  const replaced = whyFenced(request.claim, context);
  if (replaced !== undefined)
    return { kind: 'local', because: replaced, toDo: TAKE_AWAY, code: codeOf(request, context), localBoot };
  const answer = findSlot(request.claim, context.state, revision, context.now);
  switch (answer.kind) {
    case 'none':
      return decideUnknown(request, context, revision, localBoot);
    case 'taken': {
      const too = answer.why === 'uuid' ? 'says its UUID' : 'matches it too';
      const because = `${answer.slot.name} is taken: ${nameOf(answer.by)} fills it, and this machine ${too}`;
      return { kind: 'refuse', because, code: codeOf(request, context), localBoot };
    }
    case 'slot':
      return decideSlot(request, context, revision, answer.slot);
  }
}

const TAKE_AWAY = 'take it away, or have it given another slot';

function codeOf({ claim }: BootRequest, { state, now, freshCode, isSelf }: BootContext): string {
  return (isSelf ? shownCode(claim, state, now) : undefined) ?? freshCode();
}

function decideWithoutRevision(request: BootRequest): BootDecision {
  const localBoot = localBootOf(undefined, request.env);
  if (request.waitedSeconds >= STARTING_HOLD_SECONDS)
    return { kind: 'local', because: 'the site does not know yet what its machines run', localBoot };
  const because = 'the site is starting and does not know yet what its machines run';
  return { kind: 'wait', because, ...timeLeft(request, STARTING_HOLD_SECONDS), localBoot };
}

function decideUnknown(
  request: BootRequest,
  context: BootContext,
  revision: Revision,
  localBoot: LocalBoot,
): BootDecision {
  const { holdSeconds } = revision.unknownMachines;
  if (ignoresUnknown(revision.unknownMachines, context.role ?? 'authoritative'))
    return { kind: 'local', because: 'the site knows no slot for this machine', localBoot };
  if (request.waitedSeconds >= holdSeconds) {
    const because = `nobody gave this machine a slot within ${formatDuration(holdSeconds * 1_000)}`;
    return { kind: 'local', because, localBoot };
  }
  return { kind: 'hold', code: codeOf(request, context), ...timeLeft(request, holdSeconds), localBoot };
}

function decideSlot(request: BootRequest, context: BootContext, revision: Revision, slot: Slot): BootDecision {
  if (slot.profile.kind === 'install') return decideInstall(request, context, revision, slot);
  const start = prepareStart(request, context, revision, slot);
  return 'kind' in start ? start : { kind: 'live', ...start };
}

/** No permit: its own disk, at once and whatever else is wrong. */
function decideInstall(request: BootRequest, context: BootContext, revision: Revision, slot: Slot): BootDecision {
  const { state, now } = context;
  const localBoot = localWayOf(request, slot, revision);
  const armed = state.marks.has(ARMED);
  const machine = findMachine(request.claim, state, now);
  const current = state.currentBinding(slot.name);
  const binding = machine && current?.machine === machine.id ? current : undefined;
  const canWait = request.waitedSeconds < revision.unknownMachines.holdSeconds;
  // The site has just recognised it: its binding, and with it the first order, comes with this question.
  if (!binding && canWait && !siteRefuses(state, slot, armed, now))
    return decideNotReady(request, revision, slot, `this machine is being written down for ${slot.name}`);
  const permit = mayInstall(state, slot, binding, now, armed);
  if (permit.kind === 'no') {
    const { because, toDo } = permit;
    return { kind: 'local', because, ...(toDo === undefined ? {} : { toDo }), localBoot };
  }
  const { order, attempt } = permit;
  const boot = machine && state.latestBoot(machine.id);
  const words = wipeWords(slot.profile, order, boot, request.isRetry);
  const start = prepareStart(request, context, revision, slot, words);
  if ('kind' in start) return start;
  const disk = slot.profile.install?.disk;
  const wipe = words.length > 0;
  return { kind: 'install', order, attempt, wipe, ...(disk === undefined ? {} : { disk }), ...start };
}

/**
 * What the loader needs to start the system of a slot; or, if that is not possible, what it does instead. `more` goes
 * behind the command line of the profile.
 */
function prepareStart(
  request: BootRequest,
  context: BootContext,
  revision: Revision,
  slot: Slot,
  more: readonly CmdlineWord[] = [],
): SystemStart | BootDecision {
  const localBoot = localWayOf(request, slot, revision);
  const { profile } = slot;
  if (bootArch(request.env) !== profile.arch) {
    const because = `${slot.name} is for another kind of computer (${profile.arch}; this one: ${firmwareOf(request)})`;
    return { kind: 'refuse', because, localBoot };
  }
  if (request.givenUp) {
    const refused = request.loader === 'grub' ? ' or were refused ("bad shim signature": by Secure Boot)' : '';
    const because = `the files of ${slot.name} did not arrive${refused} in many tries; switch the machine off and on to try again`;
    return { kind: 'local', because, localBoot };
  }
  const missing = whyNotReady(profile, context);
  if (missing !== undefined) return decideNotReady(request, revision, slot, `${profile.name} is not ready: ${missing}`);
  const { kernel, initrds } = scriptFiles(profile, context.assetState);
  const place = context.queueFor?.([kernel, ...initrds]);
  if (place !== undefined) return { kind: 'queue', slot: slot.name, place, holdSeconds: QUEUE_HOLD_SECONDS, localBoot };
  const cmdline = fillCmdline(profile, [...profile.cmdline, ...more], request, context);
  if (!cmdline.ok) return { kind: 'refuse', because: `command line of ${slot.name}: ${cmdline.error}`, localBoot };
  return { slot: slot.name, profile: profile.name, kernel, initrds, cmdline: cmdline.value, localBoot };
}

/** What a profile needs of the site and has not; undefined: its system can be started. */
function whyNotReady(profile: Profile, { assetState, lackOfImages, lackOfSecrets }: BootContext): string | undefined {
  const images = lackOfImages?.(profile.requiresImages ?? []);
  const files = [missingFiles(profile, assetState), images].filter((why) => why !== undefined);
  return files.length > 0 ? files.join(', ') : lackOfSecrets?.(secretsOf(profile.documents));
}

/** A machine whose slot was given to another one: it is told so before anything else, also where its MAC matches a slot. */
function whyFenced(claim: Claim, { state, now }: BootContext): string | undefined {
  const machine = findMachine(claim, state, now);
  const mark = machine && state.marks.get(fencedMark(machine.id));
  if (!mark) return undefined;
  return `replaced: this machine was fenced by ${mark.by}${mark.because ? `, ${mark.because}` : ''}`;
}

function decideNotReady(request: BootRequest, revision: Revision, slot: Slot, because: string): BootDecision {
  const localBoot = localWayOf(request, slot, revision);
  const { holdSeconds } = revision.unknownMachines;
  if (request.waitedSeconds >= holdSeconds) return { kind: 'local', because, localBoot };
  return { kind: 'wait', slot: slot.name, because, ...timeLeft(request, holdSeconds), localBoot };
}

function timeLeft(
  { waitedSeconds }: BootRequest,
  holdSeconds: number,
): { readonly holdSeconds: number; readonly leftSeconds: number } {
  return { holdSeconds, leftSeconds: Math.max(0, holdSeconds - waitedSeconds) };
}

/** The class that the machine itself fits goes before the one that its slot expects: hardware is what it is. */
function localWayOf(request: BootRequest, slot: Slot | undefined, revision: Revision): LocalBoot {
  const expected = revision.hardware.find(({ name }) => name === slot?.hardware);
  const said = { ...request.claim, macs: [request.claim.mac] };
  return localBootOf(findHardware(revision.hardware, said) ?? expected, request.env);
}

function fillCmdline(
  { documents }: Profile,
  cmdline: readonly CmdlineWord[],
  { claim: { mac }, loader }: BootRequest,
  { site, readToken }: BootContext,
): Result<string[], string> {
  const wordsOf = loader === 'grub' ? grubKernelWords : kernelWords;
  const token = hasSecrets(documents) ? readToken(mac) : undefined;
  if (hasSecrets(documents) && token === undefined)
    return err(`it may have secrets, and the network shows that another machine than ${mac} asks`);
  const values = holeValuesFor(site, mac, token === undefined ? undefined : { token, documents });
  const filled: string[] = [];
  for (const { key, value } of cmdline) {
    const text = fillHoles(value === true ? key : `${key}=${value}`, values, 'cmdline');
    const parts = text.ok ? wordsOf(text.value) : err(text.error);
    if (!parts.ok) return parts;
    filled.push(...parts.value);
  }
  return ok(filled);
}

function nameOf(machine: Machine): string {
  const serial = evidenceOf(machine, 'serial');
  return serial ? `the machine with serial ${serial}` : `the machine ${evidenceOf(machine, 'mac') ?? machine.id}`;
}

function firmwareOf({ env }: BootRequest): string {
  return `${env.buildarch || 'unknown'} loader on ${env.platform}`;
}
