import type { Digest } from '../../src/kernel/digest.ts';
import type { Ipv4 } from '../../src/kernel/ipv4.ts';
import type { MacAddress } from '../../src/kernel/mac.ts';
import type { Clock, Log, LogFields, Random } from '../../src/kernel/ports.ts';
import { err, ok } from '../../src/kernel/result.ts';
import type { NewEvent } from '../../src/model/event.ts';
import type { Lease } from '../../src/model/lease.ts';
import { leaseKey } from '../../src/model/lease.ts';
import type { Profile, Revision, Slot } from '../../src/model/revision.ts';
import type { Signal, SignalSink } from '../../src/model/signal.ts';
import type { NeighbourTable, SecretSource, SiteAddress, TokenGrant, TokenMint } from '../../src/model/site-ports.ts';
import { applyChanges, createState, type MemoryState } from '../../src/model/state.ts';
import type { Change, Store } from '../../src/model/store.ts';

/** A small site with one network, for unit tests of its rooms. */
export const T0 = 1_700_000_000_000;
export const POS_MAC = '52:54:00:00:00:01' as MacAddress;
export const OTHER_MAC = '52:54:00:00:00:99' as MacAddress;
export const POS_UUID = '11111111-2222-3333-4444-555555555555';
export const POS_ADDRESS = '10.0.0.11' as Ipv4;
export const SITE: SiteAddress = { network: 'nodes', address: '10.0.0.1' as Ipv4, httpPort: 80 };
export const KERNEL = 'a'.repeat(64) as Digest;
export const INITRD = 'b'.repeat(64) as Digest;

export function sampleProfile(changes: Partial<Profile> = {}): Profile {
  return {
    name: 'demo',
    kind: 'live',
    digest: 'e'.repeat(64) as Digest,
    arch: 'amd64',
    kernel: { digest: KERNEL, name: 'vmlinuz' },
    initrds: [{ digest: INITRD, name: 'initrd.img' }],
    cmdline: [
      { key: 'console', value: 'ttyS0' },
      { key: 'quiet', value: true },
      { key: 'ds', value: 'nocloud-net;s=@{boot.url.nocloud}' },
    ],
    documents: { 'user-data': { kind: 'text', text: '#cloud-config\nmac: @{boot.mac}\n', fill: true, secret: false } },
    ...changes,
  };
}

export function sampleSlot(changes: Partial<Slot> = {}): Slot {
  return {
    name: 'pos-1',
    profile: sampleProfile(),
    match: [{ mac: POS_MAC }],
    interfaces: { lan0: { boot: true, network: 'nodes', address: POS_ADDRESS } },
    ...changes,
  };
}

export function sampleRevision(changes: Partial<Revision> = {}): Revision {
  return {
    digest: 'c'.repeat(64) as Digest,
    number: 3,
    site: 'store-0417',
    template: 'retail',
    networks: {
      nodes: {
        name: 'nodes',
        mode: 'authoritative',
        subnet: { network: '10.0.0.0' as Ipv4, prefix: 24 },
        dns: [],
        ntp: [],
        lease: { firmwareSeconds: 300, osSeconds: 1800 },
        options: [],
      },
    },
    hardware: [],
    assets: [],
    slots: { 'pos-1': sampleSlot() },
    // biome-ignore lint/suspicious/noThenProperty: the template's own word; nobody awaits a revision.
    unknownMachines: { action: 'hold', holdSeconds: 300, then: 'local-disk', ignore: [] },
    ...changes,
  };
}

export function sampleLease(changes: Partial<Lease> = {}): Lease {
  return {
    network: 'nodes',
    client: POS_MAC,
    mac: POS_MAC,
    address: POS_ADDRESS,
    state: 'bound',
    holder: 'os',
    startedAt: T0,
    expiresAt: T0 + 3_600_000,
    ...changes,
  };
}

export function leaseChange(lease: Lease): Change {
  return { table: 'leases', key: leaseKey(lease.network, lease.client), row: lease };
}

/** A store in memory whose commits a test can hold back or let fail. */
export class SampleStore implements Store {
  readonly state: MemoryState;
  readonly epoch = 'sample';
  readonly lastSeq = 0;
  readonly kept: NewEvent[] = [];
  commits = 0;
  /** Runs before each commit: may wait, may throw. */
  before: () => Promise<void> | void = () => undefined;

  constructor(rows: readonly Change[] = []) {
    this.state = createState(rows);
  }

  async commit(changes: readonly Change[], events: readonly NewEvent[]): Promise<void> {
    await this.before();
    this.commits += 1;
    applyChanges(this.state, changes);
    this.kept.push(...events);
  }

  async events(): Promise<[]> {
    return [];
  }

  onEvent(): () => void {
    return () => undefined;
  }

  async prune(): Promise<{ events: number; unacked: number; boots: number }> {
    return { events: 0, unacked: 0, boots: 0 };
  }

  async close(): Promise<void> {}
}

/** Time that only a test moves. */
export class SampleClock implements Clock {
  #now = T0;
  readonly #timers = new Set<{ readonly at: number; readonly run: () => void }>();

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { at: this.#now + delayMs, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  get timers(): number {
    return this.#timers.size;
  }

  pass(ms: number): void {
    this.#now += ms;
    for (const timer of [...this.#timers].filter(({ at }) => at <= this.#now)) {
      this.#timers.delete(timer);
      timer.run();
    }
  }
}

/** Keeps its lines. */
export class SampleLog implements Log {
  readonly lines: { readonly level: string; readonly fields: LogFields; readonly message: string }[] = [];
  debug = this.#keep('debug');
  info = this.#keep('info');
  warn = this.#keep('warn');
  error = this.#keep('error');

  #keep(level: string) {
    return (fields: LogFields, message: string): void => {
      this.lines.push({ level, fields, message });
    };
  }
}

/** Keeps what it is told. */
export class SampleSignals implements SignalSink {
  readonly heard: Signal[] = [];
  /** Runs before `record` resolves: may wait, may throw. */
  before: () => Promise<void> | void = () => undefined;

  observe(signal: Signal): void {
    this.heard.push(signal);
  }

  async record(signal: Signal): Promise<void> {
    await this.before();
    this.heard.push(signal);
  }
}

export const sampleRandom: Random = { unit: () => 0.5, bytes: (count) => new Uint8Array(count) };

/** Tokens that can be read. */
export const sampleTokens: TokenMint = {
  mint: ({ use, mac, issuedAt }) => `${use}_${mac.replaceAll(':', '')}_${issuedAt}`,
  verify: (token): TokenGrant | undefined => {
    const parts = /^(report|read)_([0-9a-f]{12})_(\d+)$/.exec(token);
    if (!parts) return undefined;
    const mac = (parts[2]?.match(/../g) ?? []).join(':') as MacAddress;
    return { use: parts[1] === 'read' ? 'read' : 'report', mac, issuedAt: Number(parts[3]) };
  },
};

/** Neighbours on the wire that a test moves about. */
export class SampleNeighbours implements NeighbourTable {
  readonly #table = new Map<Ipv4, { readonly mac: MacAddress; readonly complete: boolean }>();

  set(address: Ipv4, mac: MacAddress, complete = true): void {
    this.#table.set(address, { mac, complete });
  }

  async entries(): Promise<ReadonlyMap<Ipv4, { readonly mac: MacAddress; readonly complete: boolean }>> {
    return this.#table;
  }
}

/** Secrets in memory. */
export function sampleSecrets(values: Readonly<Record<string, string>> = {}): SecretSource {
  return {
    read: async (names) => {
      const missing = names.find((name) => !Object.hasOwn(values, name));
      if (missing !== undefined) return err(`secret "${missing}": nothing is there`);
      return ok(Object.fromEntries(names.map((name) => [name, values[name] ?? ''])));
    },
  };
}
