import { formatBytes } from '../../../kernel/quantity.ts';
import type { Boot } from '../../../model/boot.ts';
import { findMachine } from '../../../model/identity.ts';
import type { Machine } from '../../../model/machine.ts';
import type { Signal } from '../../../model/signal.ts';
import { lastReached } from './advance.ts';
import { inputOfDocument } from './boot-machine.ts';
import { type Context, contextOf } from './context.ts';
import { hearWhoAsked } from './hear-dhcp.ts';
import { hearConfiguration, hearInstallFile, isOverWithoutScript } from './hear-install.ts';
import { fillSlot, knowMachine } from './know-machine.ts';
import { openBoot, placeBoot, step } from './track-boot.ts';
import { orderOfMachine } from './track-order.ts';
import { describe } from './words.ts';

/** By then a system has read its seed, so that another look at meta-data is its next start. */
const SEED_OVER_MS = 10 * 60_000;

/** A loader went out. Who fetches one and never asked for an address is nobody that we know. */
export function hearLoader(context: Context, signal: Extract<Signal, { kind: 'loader' }>): void {
  hearWhoAsked(context, signal.mac, signal.at);
  const machine = findMachine({ mac: signal.mac }, context.draft, signal.at);
  const boot = machine && context.draft.latestBoot(machine.id);
  if (!boot || !signal.done) return;
  const next = step(context, boot, 'loader', signal.at);
  const loaders = context.memory.countLoader(signal.mac, signal.at);
  // A loader that was never heard is another matter: firmware may have refused it.
  if (next.stage !== 'loader' || next.outcome || next.hops || !next.ran) return;
  if (loaders >= LOOP) context.draft.putBoot({ ...next, hops: true });
}

/** So many loaders in a minute without a question for a script: one loads the other. */
const LOOP = 3;

/** Bytes of a kernel or initramfs. Only the first ones are a step; the others are a bar on a screen. */
export function hearAsset(context: Context, signal: Extract<Signal, { kind: 'asset' }>): void {
  const { draft, memory } = context;
  const machine = findMachine({ mac: signal.mac }, draft, signal.at);
  const boot = machine && draft.latestBoot(machine.id);
  if (!boot) return;
  memory.noteProgress(signal.mac, {
    file: signal.file,
    bytesSent: signal.bytesSent,
    sizeBytes: signal.sizeBytes,
    at: signal.at,
  });
  // The rest of a file on its way to the boot before is no step of this one.
  if (!signal.done && boot.reached.script === undefined) return;
  hearInstallFile(context, step(context, boot, signal.done ? 'asset-sent' : 'asset', signal.at), signal);
}

/** A system took an image. That is no step of its boot: it may do so years later. */
export function hearImage(context: Context, signal: Extract<Signal, { kind: 'image' }>): void {
  const { draft, memory } = context;
  const { mac, image, sizeBytes, at } = signal;
  const machine = findMachine({ mac }, draft, at);
  if (!machine || !memory.mayTellOfImage(mac, image, at)) return;
  // It may have come up from its own disk, without a boot that was seen.
  const boot = draft.latestBoot(machine.id)?.id;
  const slot = draft.bindingOfMachine(machine.id)?.slot;
  const sentence = `${slot ?? describe(machine)} pulled ${image}, ${formatBytes(sizeBytes)}`;
  const subject = { machine: machine.id, ...(boot && { boot }), ...(slot !== undefined && { slot }) };
  draft.say({ type: 'image-pulled', at, sentence, ...subject, data: { image, sizeBytes } });
}

/** The booted system takes its configuration. */
export function hearDocument(context: Context, signal: Extract<Signal, { kind: 'document' }>): void {
  const claim = { mac: signal.mac };
  const machine = knowMachine(context, { claim, source: 'os', at: signal.at });
  if (!machine) return;
  const latest = context.draft.latestBoot(machine.id);
  const opens = opensBySeed(latest, signal) && !(latest && isInstalled(context, machine));
  const filled = fillSlot(opens ? context : contextOf(context, latest), machine, claim, signal.at);
  const boot = opens
    ? openBoot(context, { machine, mac: signal.mac, at: signal.at, filled })
    : latest && placeBoot(context, latest, filled);
  if (!boot) return;
  const next = step(context, boot, inputOfDocument(signal.document), signal.at);
  hearConfiguration(context, next, signal.document, signal.at);
}

/** An installed system looks at its seed at every start: that is no boot that somebody waits for the end of. */
function isInstalled(context: Context, machine: Machine): boolean {
  const binding = context.draft.bindingOfMachine(machine.id);
  return binding?.installed !== undefined && orderOfMachine(context, machine) === undefined;
}

/**
 * A virtual machine that starts from its disk shows itself by its seed alone, and asks for meta-data first at every
 * start. So does one whose script we sent a moment before we were killed: its boot was taken for a local one. Where the
 * script is known, whatever the system reads later is no new boot.
 */
function opensBySeed(latest: Boot | undefined, signal: Extract<Signal, { kind: 'document' }>): boolean {
  if (!latest) return true;
  if (inputOfDocument(signal.document) === 'user-data') return isOverWithoutScript(latest);
  if (signal.document !== 'meta-data' || latest.reached.script !== undefined) return false;
  return latest.outcome !== undefined || signal.at - lastReached(latest) > SEED_OVER_MS;
}
