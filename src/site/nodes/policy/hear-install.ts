import type { MacAddress } from '../../../kernel/mac.ts';
import { type Boot, TOKEN_SLACK_MS } from '../../../model/boot.ts';
import { findMachine } from '../../../model/identity.ts';
import { isBound } from '../../../model/lease.ts';
import type { Machine } from '../../../model/machine.ts';
import type { Completion, Order } from '../../../model/order.ts';
import { isLive } from '../../../model/order.ts';
import type { Document, Profile } from '../../../model/revision.ts';
import type { Signal } from '../../../model/signal.ts';
import { inputOfDocument } from './boot-machine.ts';
import type { Context } from './context.ts';
import { revisionOf } from './context.ts';
import { fillSlot } from './know-machine.ts';
import { openBoot, step, subjectOf } from './track-boot.ts';
import { bootsOfOrder, hasNotEnded, lateness, orderOfMachine, planOf, stepOrder } from './track-order.ts';
import { noteWipe } from './track-wipe.ts';

/** The machine fetched what is for it alone. Of an install this is the attempt, whatever we know of how it came there. */
export function hearSecretDocument(context: Context, signal: Extract<Signal, { kind: 'secret-document' }>): void {
  const { draft } = context;
  const machine = findMachine({ mac: signal.mac }, draft, signal.at);
  if (!machine) return;
  const boot = bootOfSecret(context, machine, signal);
  const { document, address } = signal;
  const sentence = `${boot.slot ?? signal.mac} fetched ${document}, which is secret`;
  draft.say({ type: 'secret-fetched', at: signal.at, sentence, ...subjectOf(boot), data: { document, address } });
  // Of an install the attempt is the step; what a live system fetches is one whether it is secret or not.
  const next = isInstall(context, boot) ? boot : step(context, boot, inputOfDocument(document), signal.at);
  hearConfiguration(context, next, document, signal.at);
}

function isInstall(context: Context, boot: Boot): boolean {
  const slot = boot.slot === undefined ? undefined : revisionOf(context, boot)?.slots[boot.slot];
  return slot?.profile.kind === 'install';
}

function bootOfSecret(context: Context, machine: Machine, { mac, at }: { mac: MacAddress; at: number }): Boot {
  const latest = context.draft.latestBoot(machine.id);
  if (latest && !isOverWithoutScript(latest)) return latest;
  return openBoot(context, { machine, mac, at, filled: fillSlot(context, machine, { mac }, at) });
}

/**
 * A system that comes from elsewhere than our scripts, and asks for one document alone, shows itself by that: at first,
 * and again when it was installed and is to be installed once more.
 */
export function isOverWithoutScript({ outcome, order, reached }: Boot): boolean {
  return outcome !== undefined && order !== undefined && reached.script === undefined;
}

/** Somebody asked for a secret that is not theirs. */
export function hearSecretRefused({ draft }: Context, signal: Extract<Signal, { kind: 'secret-refused' }>): void {
  const { address, mac, because } = signal;
  const machine = mac && findMachine({ mac }, draft, signal.at);
  const sentence = `A secret was asked for from ${address} and refused: ${because}`;
  const data = { address, ...(mac ? { mac } : {}), because };
  draft.say({ type: 'secret-refused', at: signal.at, sentence, ...(machine ? { machine: machine.id } : {}), data });
}

/** The installer has what it needs to erase a disk: that is what counts as an attempt, not a script that went out. */
export function hearConfiguration(context: Context, boot: Boot, document: string, at: number): void {
  const order = orderOfBoot(context, boot, true);
  if (!order) return;
  const profile = revisionOf(context, boot)?.slots[order.slot]?.profile;
  if (profile && configurationOf(profile).includes(document)) countAttempt(context, boot, order, at);
}

type File = Pick<Extract<Signal, { kind: 'asset' }>, 'done' | 'at'>;

/**
 * Bytes of what an installer is started with; whole, they are the one wipe of an order that has one. A profile without
 * any configuration has everything in its initramfs: then the kernel is the attempt.
 */
export function hearInstallFile(context: Context, boot: Boot, { done, at }: File): void {
  const { draft } = context;
  const order = orderOfBoot(context, boot);
  if (order && done) noteWipe(context, boot, order, at);
  const profile = order && revisionOf(context, boot)?.slots[order.slot]?.profile;
  if (!profile || configurationOf(profile).length > 0) return;
  countAttempt(context, draft.boots.get(boot.id) ?? boot, draft.orders.get(order.id) ?? order, at);
}

function countAttempt(context: Context, boot: Boot, order: Order, at: number): void {
  const own = boot.order === order.id ? boot : { ...boot, order: order.id };
  if (own !== boot) context.draft.putBoot(own);
  const isAnother = order.state.kind === 'installing' && order.state.boot !== boot.id;
  // Nobody told this boot to install: whatever it is, it is none of the attempts that were ordered.
  if (isAnother && order.attempts >= order.maxAttempts) {
    const because = `${order.attempts} of ${order.maxAttempts} attempts did not complete`;
    stepOrder(context, order, 'spent', { at, because });
    return;
  }
  stepOrder(context, order, 'attempt', { at, boot: boot.id });
  step(context, own, 'attempt', at);
}

/**
 * The order under which a boot installs. A boot whose script was lost when the site was killed is taken for one: an
 * attempt too many is parked, and a person looks; an attempt too few erases a disk once more.
 */
function orderOfBoot(context: Context, boot: Boot, isConfiguration = false): Order | undefined {
  const { draft } = context;
  const machine = draft.machines.get(boot.machine);
  const order = machine && orderOfMachine(context, machine);
  // With its kernel lost too, the boot was taken for one from the disk; but it is given its configuration now.
  const isOpen = !boot.outcome || isConfiguration;
  const newest = isOpen && boot.slot === order?.slot ? order : undefined;
  if (boot.order !== undefined) return orderToldOrNext(draft.orders.get(boot.order), newest);
  const isUntold = boot.reached.script === undefined;
  return newest && isUntold && isLive(newest, boot.openedAt) && boot.openedAt >= newest.createdAt ? newest : undefined;
}

/**
 * The order that a boot was told of. If that ended before the installer had its configuration, and another was given
 * meanwhile, it is the other one that lets the disk be erased: uncounted, it would let it be erased once more.
 */
function orderToldOrNext(told: Order | undefined, newest: Order | undefined): Order | undefined {
  if (!told || hasNotEnded(told)) return told;
  return told.state.kind !== 'confirmed' && newest && hasNotEnded(newest) ? newest : undefined;
}

/** The documents whose fetch counts: the secret ones; if there are none, whatever configures the installer. */
function configurationOf({ documents }: Profile): readonly string[] {
  const texts = Object.entries(documents).filter(([name, doc]) => doc.kind === 'text' && name !== 'network-config');
  const secret = Object.entries(documents).filter(([, doc]) => isSecret(doc));
  return (secret.length > 0 ? secret : texts).map(([name]) => name);
}

function isSecret(document: Document): boolean {
  return document.kind === 'text' && document.secret;
}

/** What the node says of itself. `issuedAt` is when its token was made: one from before the install proves nothing. */
export type Proof = {
  readonly machine: Machine;
  readonly by: Completion;
  readonly at: number;
  readonly issuedAt?: number;
};

/** The install is there: the order is confirmed, the binding has its system, and the boot that installs ends with it. */
export function completeOrder(context: Context, order: Order, by: Completion, at: number, boot?: Boot): void {
  const { draft } = context;
  const next = stepOrder(context, order, 'complete', { at, by, ...(boot ? { boot: boot.id } : {}) });
  if (next === order) return;
  const binding = draft.bindings.get(`${order.slot}#${order.binding}`);
  if (binding) {
    const proof = boot ? ({ health: 'enrolled', enrolledAt: at, enrolledBy: boot.id } as const) : {};
    draft.putBinding({ ...binding, ...proof, installed: { profile: order.profile, at, order: order.id } });
    const sentence = `${order.slot} is enrolled: installed, and from now on it boots its own disk`;
    const subject = { machine: binding.machine, slot: order.slot };
    if (boot)
      draft.say({ type: 'node-enrolled', at, sentence, ...subject, boot: boot.id, data: { order: order.id, by } });
  }
  const installing = bootsOfOrder(context, order).at(-1);
  if (installing && !installing.outcome) step(context, installing, 'installed', at);
}

/** Something that completes installs of one kind was seen; true: it completed one. */
export function hearCompletion(context: Context, { machine, by, at, issuedAt = at }: Proof): boolean {
  const order = orderOfMachine(context, machine);
  const boots = order ? bootsOfOrder(context, order) : [];
  const [first] = boots;
  if (!order || !first || issuedAt < first.openedAt - TOKEN_SLACK_MS) return false;
  if (planOf(context, order, first)?.completes !== by) return false;
  completeOrder(context, order, by, at, boots.at(-1));
  return true;
}

/**
 * A system asked for an address with its own DHCP client. If its configuration was fetched in an earlier boot and this
 * one was sent to its disk, the disk has a system. Must be asked before the boot hears of the address.
 */
export function hearDiskBoot(context: Context, machine: Machine, at: number): void {
  const latest = context.draft.latestBoot(machine.id);
  const order = orderOfMachine(context, machine);
  if (!latest || !wentToDisk(latest) || order?.state.kind !== 'installing' || order.state.boot === latest.id) return;
  hearCompletion(context, { machine, by: 'disk-boot', at });
}

/**
 * While an order is `installing`, every script says "local disk". So a boot without a script is one whose script was lost
 * when the site was killed: taken for nothing, it would let a good disk be erased once more.
 */
function wentToDisk({ outcome, stage, reached }: Boot): boolean {
  const isUntold = outcome === undefined && (stage === 'seen' || stage === 'loader');
  return (outcome?.kind === 'local' || isUntold) && reached.kernel === undefined;
}

/**
 * The address of a system is on disk before it is answered, what was seen of that is written later: after a kill the
 * lease alone may tell that the disk started.
 */
function hearLease(context: Context, { slot, binding }: Order, at: number): void {
  const { draft, revision } = context;
  const machine = draft.machines.get(draft.bindings.get(`${slot}#${binding}`)?.machine ?? '');
  const latest = machine && draft.latestBoot(machine.id);
  if (!latest) return;
  const lease = draft.leaseOfMac(latest.mac);
  if (!isBound(lease, at) || lease.holder !== 'os') return;
  const leaseSeconds = revision?.networks[lease.network]?.lease.osSeconds;
  if (leaseSeconds === undefined) return;
  if (lease.expiresAt - leaseSeconds * 1_000 > latest.openedAt) hearDiskBoot(context, machine, at);
}

/** Completes the orders whose proof was not written down, and ends those whose time is over. */
export function hearTick(context: Context, at: number): void {
  const { orders } = context.draft;
  for (const order of [...orders.values()]) if (order.state.kind === 'installing') hearLease(context, order, at);
  // The newest first: so that no order has its turn only to end the moment after.
  const newestFirst = [...orders.values()].filter(hasNotEnded).sort((a, b) => b.createdAt - a.createdAt);
  for (const order of newestFirst)
    if (!isLive({ ...order, state: { kind: 'open' } }, at))
      stepOrder(context, order, 'expire', { at, because: lateness(order, at) });
}
