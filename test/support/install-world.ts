import type { MacAddress } from '../../src/kernel/mac.ts';
import type { Command } from '../../src/model/commands.ts';
import type { NewEvent } from '../../src/model/event.ts';
import { findMachine, findSlot } from '../../src/model/identity.ts';
import type { Completion, Order } from '../../src/model/order.ts';
import { ARMED } from '../../src/model/order.ts';
import type { Profile, Revision, Slot } from '../../src/model/revision.ts';
import type { ScriptAnswer, Signal } from '../../src/model/signal.ts';
import { applyChanges, createState } from '../../src/model/state.ts';
import { mayInstall } from '../../src/site/boot/policy/install-permit.ts';
import { wipeWords } from '../../src/site/boot/policy/wipe-once.ts';
import { Memory } from '../../src/site/nodes/policy/memory.ts';
import { fold } from '../../src/site/nodes/policy/reduce.ts';
import { OTHER_MAC, POS_ADDRESS, POS_MAC, sampleProfile, sampleRevision, sampleSlot, T0 } from './sample-site.ts';

/** What a signal says, without when. */
export type Seen = Signal extends infer S ? (S extends Signal ? Omit<S, 'at'> : never) : never;

export function installProfile(completes: Completion = 'phone-home', changes: Partial<Profile> = {}): Profile {
  return sampleProfile({
    kind: 'install',
    install: { completes, attempts: 3, withinSeconds: 45 * 60, wipe: [{ key: 'slipway.wipe', value: '1' }] },
    documents: { 'user-data': { kind: 'text', text: '#cloud-config\n', fill: true, secret: true } },
    ...changes,
  });
}

/** A revision with two slots that install, the second of them matched by nobody. */
export function installRevision(profile: Profile = installProfile()): Revision {
  const slots: Record<string, Slot> = {
    'pos-1': sampleSlot({ profile }),
    'pos-2': sampleSlot({ name: 'pos-2', profile, match: [] }),
  };
  return sampleRevision({ slots });
}

/** A site that hears machines and obeys people; its scripts are decided as the boot room decides them. */
export class InstallWorld {
  readonly state = createState();
  readonly memory = new Memory();
  readonly events: NewEvent[] = [];
  revision: Revision;
  now = T0;
  /** How often a machine was told to install. */
  installs = 0;

  constructor(profile?: Profile, { armed = true }: { readonly armed?: boolean } = {}) {
    this.revision = installRevision(profile);
    if (armed) applyChanges(this.state, [{ table: 'marks', key: ARMED, row: { at: T0, by: 'test' } }]);
  }

  see(seen: Seen, afterMs = 1_000): void {
    this.now += afterMs;
    this.#fold({ signal: { ...seen, at: this.now } as Signal });
  }

  /** The sentence, or the code and message of the refusal. */
  tell(command: Command, afterMs = 1_000): string {
    this.now += afterMs;
    const outcome = this.#fold({ command, by: 'cli', at: this.now });
    if (!outcome) return '';
    return outcome.ok ? outcome.value.sentence : `${outcome.error.code}: ${outcome.error.message}`;
  }

  tick(afterMs: number): void {
    this.see({ kind: 'tick' }, afterMs);
  }

  /** Firmware, an address, a loader and a script; answers what the script does. */
  powerOn(mac: MacAddress = POS_MAC): ScriptAnswer['kind'] {
    return this.askScript(mac).kind;
  }

  /** As `powerOn`; answers all that the script says. */
  askScript(mac: MacAddress = POS_MAC): ScriptAnswer {
    this.see({ kind: 'dhcp', mac, client: 'firmware', clientKind: 'bios', message: 'discover' }, 5_000);
    this.see({ kind: 'dhcp', mac, client: 'firmware', clientKind: 'bios', message: 'request' });
    this.see({ kind: 'dhcp', mac, client: 'ipxe', clientKind: 'ipxe', message: 'request' });
    const answer = this.decide(mac);
    this.see({ kind: 'script', claim: { mac }, address: POS_ADDRESS, answer });
    return answer;
  }

  /** The loader could not start what its script named, and asks once more. */
  askAgain(mac: MacAddress = POS_MAC): ScriptAnswer {
    const answer = this.decide(mac, true);
    this.see({ kind: 'script', claim: { mac }, address: POS_ADDRESS, answer }, 10_000);
    return answer;
  }

  /** What the boot room answers now. */
  decide(mac: MacAddress, isRetry = false): ScriptAnswer {
    const { state, revision, now } = this;
    const found = findSlot({ mac }, state, revision, now);
    if (found.kind !== 'slot') return { kind: 'hold', code: 'ABCD' };
    const machine = findMachine({ mac }, state, now);
    const binding = machine && state.bindingOfMachine(machine.id);
    const boot = machine && state.latestBoot(machine.id);
    const permit = mayInstall(state, found.slot, binding, now, state.marks.has(ARMED));
    if (permit.kind === 'no') return { kind: 'local', because: permit.because };
    this.installs += 1;
    const { name: profile } = found.slot.profile;
    const wipe = wipeWords(found.slot.profile, permit.order, boot, isRetry).length > 0;
    const answer = { kind: 'install', slot: found.slot.name, profile, order: permit.order.id } as const;
    return wipe ? { ...answer, wipe } : answer;
  }

  kernel(mac: MacAddress = POS_MAC): void {
    const digest = this.revision.slots['pos-1']?.profile.kernel.digest ?? sampleProfile().kernel.digest;
    this.see({ kind: 'asset', mac, digest, file: 'vmlinuz', bytesSent: 9, sizeBytes: 9, done: true });
  }

  osAddress(mac: MacAddress = POS_MAC): void {
    this.see({ kind: 'dhcp', mac, client: 'os', clientKind: 'os', message: 'request', address: POS_ADDRESS });
  }

  secret(mac: MacAddress = POS_MAC, document = 'user-data'): void {
    this.see({ kind: 'secret-document', mac, document, address: POS_ADDRESS });
  }

  phoneHome(mac: MacAddress = POS_MAC, issuedAgoMs = 0): void {
    this.see({ kind: 'phone-home', mac, issuedAt: this.now + 1_000 - issuedAgoMs });
  }

  /** From the kernel to the configuration. */
  install(mac: MacAddress = POS_MAC): void {
    this.kernel(mac);
    this.osAddress(mac);
    this.secret(mac);
  }

  order(slot = 'pos-1'): Order | undefined {
    return this.state.ordersOf(slot)[0];
  }

  types(): readonly string[] {
    return this.events.map(({ type }) => type);
  }

  #fold(step: Parameters<typeof fold>[1][number]): ReturnType<typeof fold>['outcomes'][number] {
    const { memory, revision } = this;
    const { changes, events, outcomes } = fold(this.state, [step], { memory, revision });
    applyChanges(this.state, changes);
    this.events.push(...events);
    return outcomes[0];
  }
}

export { OTHER_MAC, POS_MAC };
