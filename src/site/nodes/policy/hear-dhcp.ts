import type { MacAddress } from '../../../kernel/mac.ts';
import { findMachine, findSlot } from '../../../model/identity.ts';
import type { Claim } from '../../../model/machine.ts';
import type { Signal } from '../../../model/signal.ts';
import { beginsAnew } from './advance.ts';
import { type Context, contextOf } from './context.ts';
import type { Statement } from './evidence.ts';
import { hearDiskBoot } from './hear-install.ts';
import { fillSlot, knowMachine } from './know-machine.ts';
import { isBusyElsewhere, openBoot, placeBoot, step } from './track-boot.ts';
import { isWorthTelling, noteRan, noteWay } from './track-way.ts';

type Dhcp = Extract<Signal, { kind: 'dhcp' }>;

/** A DISCOVER is remembered and writes nothing: anybody can send a million. An ACKed REQUEST costs an address of the pool. */
export function hearDhcp(context: Context, signal: Dhcp): void {
  if (signal.message === 'discover' && !(signal.deafTo && isWorthTelling(context, signal)))
    noteDiscover(context, signal);
  else if (signal.client === 'os') hearOs(context, signal);
  else hearFirmware(context, signal);
}

function noteDiscover(context: Context, signal: Dhcp): void {
  const { draft, memory } = context;
  if (signal.client === 'os') return;
  const machine = findMachine(claimOf(signal), draft, signal.at);
  const boot = machine && draft.latestBoot(machine.id);
  if (!boot || beginsAnew(boot, signal.mac, signal.at)) memory.see(signal.mac, signal.at, signal.uuid, signal);
  // Beside another server nothing else is heard of a loader before its script: once for each boot that has one.
  else if (signal.client === 'ipxe' && boot.stage === 'loader') noteRan(context, boot, signal.at);
}

/**
 * A machine whose DISCOVER was heard, and that the site gave no lease, shows itself: by its loader or script. Another server leased
 * to it, and its boot began with that DISCOVER. Anybody can send one, but not fetch a file by somebody else's MAC.
 */
export function hearWhoAsked(context: Context, mac: MacAddress, at: number): void {
  const asked = context.memory.sightingOf(mac, at)?.asked;
  if (asked) hearFirmware(context, { ...asked, at });
}

function hearFirmware(context: Context, signal: Dhcp): void {
  const claim = claimOf(signal);
  const machine = knowMachine(context, { claim, more: statementsIn(signal), source: 'dhcp', at: signal.at });
  if (!machine) return;
  const filled = fillSlot(context, machine, claim, signal.at);
  const latest = context.draft.latestBoot(machine.id);
  if (latest && isBusyElsewhere(context, latest, signal.mac, signal.at)) return;
  const boot =
    latest && !beginsAnew(latest, signal.mac, signal.at)
      ? placeBoot(context, latest, filled)
      : openBoot(context, {
          machine,
          mac: signal.mac,
          client: signal.clientKind,
          at: signal.at,
          filled,
          way: signal.way,
        });
  const known = noteWay(context, boot, signal);
  if (signal.client === 'ipxe') noteRan(context, step(context, known, 'loader', signal.at), signal.at);
}

/** A telephone on the network of the nodes is no machine: only one that was seen booting or fills a slot is written down. */
function hearOs(context: Context, signal: Dhcp): void {
  const { draft, revision } = context;
  const claim = claimOf(signal);
  const expected = revision !== undefined && findSlot(claim, draft, revision, signal.at).kind === 'slot';
  if (!expected && !findMachine(claim, draft, signal.at)) return;
  const machine = knowMachine(context, { claim, more: statementsIn(signal), source: 'dhcp', at: signal.at });
  if (!machine) return;
  const boot = draft.latestBoot(machine.id);
  fillSlot(contextOf(context, boot), machine, claim, signal.at);
  hearDiskBoot(context, machine, signal.at);
  if (boot) step(context, boot, 'os-address', signal.at, 'a system on its disk started');
}

function claimOf(signal: Dhcp): Claim {
  return { mac: signal.mac, ...(signal.uuid ? { uuid: signal.uuid } : {}) };
}

function statementsIn(signal: Dhcp): Statement[] {
  return [
    ...(signal.client === 'firmware' ? [{ kind: 'firmware', value: signal.clientKind } as const] : []),
    ...(signal.hostname ? [{ kind: 'hostname', value: signal.hostname } as const] : []),
    ...(signal.clientId ? [{ kind: 'client-id', value: signal.clientId } as const] : []),
  ];
}
