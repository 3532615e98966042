import type { Ipv4 } from '../../src/kernel/ipv4.ts';
import type { MacAddress } from '../../src/kernel/mac.ts';
import type { Command } from '../../src/model/commands.ts';
import type { NewEvent } from '../../src/model/event.ts';
import { findMachine, findSlot } from '../../src/model/identity.ts';
import type { Completion, Order } from '../../src/model/order.ts';
import { ARMED } from '../../src/model/order.ts';
import type { Profile, Revision, Slot } from '../../src/model/revision.ts';
import type { ScriptAnswer, Signal } from '../../src/model/signal.ts';
import { applyChanges, createState } from '../../src/model/state.ts';
import type { Change } from '../../src/model/store.ts';
import { mayInstall } from '../../src/site/boot/policy/install-permit.ts';
import { wipeWords } from '../../src/site/boot/policy/wipe-once.ts';
import { isDocumentName } from '../../src/site/metadata/policy/formats.ts';
import { Memory } from '../../src/site/nodes/policy/memory.ts';
import { fold } from '../../src/site/nodes/policy/reduce.ts';
import { sampleCode } from './sample-code.ts';
import {
  leaseChange,
  OTHER_MAC,
  POS_ADDRESS,
  POS_MAC,
  sampleLease,
  sampleProfile,
  sampleRevision,
  sampleSlot,
  T0,
} from './sample-site.ts';

const OTHER_ADDRESS = '10.0.0.99' as Ipv4;

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
  state = createState();
  memory = new Memory();
  readonly events: NewEvent[] = [];
  /** All signals, in the order in which they came. */
  readonly heard: Signal[] = [];
  /** How many signals were lost with kills. */
  lost = 0;
  revision: Revision;
  now = T0;
  /** How often a machine was told to install. */
  installs = 0;
  /** All that was ever written down, and how much of it there was before each signal that may still be lost. */
  #written: Change[] = [];
  #unsure: number[] = [];

  readonly #hasLeases: boolean;

  constructor(
    profile?: Profile,
    { armed = true, leases = false }: { readonly armed?: boolean; readonly leases?: boolean } = {},
  ) {
    this.revision = installRevision(profile);
    this.#hasLeases = leases;
    if (armed) this.#write([{ table: 'marks', key: ARMED, row: { at: T0, by: 'test' } }]);
  }

  /** How many signals a kill may take with it now: those after the last one that was answered only when it was on disk. */
  get unsure(): number {
    return this.#unsure.length;
  }

  /** All that was seen so far is on disk. */
  settle(): void {
    this.#unsure = [];
  }

  /** Killed and started again: what is in memory is gone, and of what was only seen the last `lost`. */
  restart(lost = 0): void {
    this.lost += lost;
    const kept = this.#unsure.at(-lost || this.#unsure.length) ?? this.#written.length;
    // A lease is on disk before its ACK.
    this.#written = this.#written.filter(({ table }, index) => index < kept || table === 'leases');
    this.state = createState();
    applyChanges(this.state, JSON.parse(JSON.stringify(this.#written)) as Change[]);
    this.memory = new Memory();
    this.#unsure = [];
    this.tick(1_000);
  }

  see(seen: Seen, afterMs = 1_000): void {
    this.now += afterMs;
    this.hear({ ...seen, at: this.now } as Signal);
  }

  /** A signal with a time of its own: late, early, or once more. */
  hear(signal: Signal): void {
    this.heard.push(signal);
    if (this.#hasLeases && signal.kind === 'dhcp' && signal.message === 'request') this.#lease(signal);
    this.#unsure = isRecorded(signal) ? [] : [...this.#unsure, this.#written.length];
    this.#fold({ signal });
  }

  /** The sentence, or the code and message of the refusal. */
  tell(command: Command, afterMs = 1_000): string {
    this.now += afterMs;
    const outcome = this.#fold({ command, by: 'cli', at: this.now });
    this.#unsure = [];
    if (!outcome) return '';
    return outcome.ok ? outcome.value.sentence : `${outcome.error.code}: ${outcome.error.message}`;
  }

  /** The clock of the site is put right, or wrong. */
  setClock(now: number): void {
    this.now = now;
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
    if (found.kind !== 'slot') return { kind: 'hold', code: sampleCode(mac) };
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
    this.#write(changes);
    this.events.push(...events);
    return outcomes[0];
  }

  #lease({ mac, client, at }: Extract<Signal, { kind: 'dhcp' }>): void {
    const seconds = client === 'os' ? 1_800 : 300;
    const lease = { mac, client: mac, holder: client, startedAt: at, expiresAt: at + seconds * 1_000 } as const;
    const address = mac === POS_MAC ? POS_ADDRESS : OTHER_ADDRESS;
    this.#write([leaseChange(sampleLease({ ...lease, address }))]);
  }

  #write(changes: readonly Change[]): void {
    applyChanges(this.state, changes);
    this.#written.push(...changes);
  }
}

/** What is on disk before it is answered; all else is only seen, and may be lost with a kill. */
function isRecorded(signal: Signal): boolean {
  if (signal.kind === 'talos-event') return signal.what === 'running';
  if (signal.kind === 'document') return isDocumentName(signal.document);
  return signal.kind === 'secret-document' || signal.kind === 'phone-home' || signal.kind === 'report';
}

export { OTHER_MAC, POS_ADDRESS, POS_MAC };
