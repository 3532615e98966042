import { generateKeyPairSync, sign } from 'node:crypto';
import { enrolmentCrypto } from '../../src/adapters/node/enrolment-crypto.ts';
import { sha256OfText } from '../../src/adapters/node/hash.ts';
import { systemRandom } from '../../src/adapters/node/random.ts';
import { releaseKeyId, verifyRelease } from '../../src/adapters/node/release-keys.ts';
import { createSealingKeys } from '../../src/adapters/node/sealing.ts';
import { x509 } from '../../src/adapters/node/x509.ts';
import { openHubStore } from '../../src/adapters/store/hub-store.ts';
import { type HubIdentity, openHubIdentity } from '../../src/hub/identity/identity.ts';
import type { Cancel, Clock, Log } from '../../src/kernel/ports.ts';
import type { HubStore } from '../../src/model/fleet/hub-store.ts';
import type { NewInvite } from '../../src/model/fleet/identity-desk.ts';
import type { PrivateFiles } from '../../src/model/fleet/private-files.ts';
import { SiteIdentity } from '../../src/site/link/identity/identity.ts';
import type { IdentityStep } from '../../src/site/link/policy/identity-step.ts';
import { enrolmentRequest } from '../../src/wire/link/enrolment.ts';
import type { EnrollRequest, RecoverRequest } from '../../src/wire/link/gen/link.ts';
import { parseInviteCode } from '../../src/wire/link/invite-code.ts';
import { recoverText } from '../../src/wire/link/signed-texts.ts';

export const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
export const DAY_MS = 86_400_000;
export const START_MS = Date.UTC(2026, 10, 21, 12);

/** A clock on the wall that a test sets. What was to run later runs when `advance` comes past it. */
export class WallClock implements Clock {
  #now = START_MS;
  #ticks = 0;
  #timers: { at: number; run: () => void }[] = [];
  now(): number {
    return this.#now;
  }
  monotonic(): number {
    return this.#ticks;
  }
  after(delayMs: number, run: () => void): Cancel {
    const timer = { at: this.#ticks + delayMs, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }
  /** Somebody sets the clock. */
  set(now: number): void {
    this.#now = now;
  }
  advance(ms: number): void {
    this.#now += ms;
    this.#ticks += ms;
    const due = this.#timers.filter(({ at }) => at <= this.#ticks);
    this.#timers = this.#timers.filter(({ at }) => at > this.#ticks);
    for (const { run } of due) run();
  }
}

/** Files in memory. `failAt` makes the n-th write from now on fail, as if the power went right before or right after it. */
export class MemoryFiles implements PrivateFiles {
  readonly files = new Map<string, string>();
  #writes = 0;
  failAt: { readonly write: number; readonly when: 'before' | 'after' } | undefined;

  async read(name: string): Promise<string | undefined> {
    return this.files.get(name);
  }
  async write(name: string, text: string): Promise<void> {
    await this.#step(() => this.files.set(name, text));
  }
  async writeNew(name: string, text: string): Promise<boolean> {
    if (this.files.has(name)) return false;
    await this.#step(() => this.files.set(name, text));
    return true;
  }
  async remove(name: string): Promise<boolean> {
    let was = false;
    await this.#step(() => {
      was = this.files.delete(name);
    });
    return was;
  }
  async rename(from: string, to: string): Promise<void> {
    await this.#step(() => {
      this.files.set(to, this.files.get(from) ?? '');
      this.files.delete(from);
    });
  }
  /** Begins to count anew. */
  failFrom(failAt: MemoryFiles['failAt']): void {
    this.#writes = 0;
    this.failAt = failAt;
  }
  get writes(): number {
    return this.#writes;
  }
  async #step(change: () => void): Promise<void> {
    this.#writes += 1;
    const fails = this.failAt && this.#writes >= this.failAt.write;
    if (fails && (this.failAt?.when === 'before' || this.#writes > (this.failAt?.write ?? 0))) throw new PowerCut();
    change();
    if (fails) throw new PowerCut();
  }
}
export class PowerCut extends Error {}

export type TestHub = {
  readonly identity: HubIdentity;
  readonly store: HubStore;
  readonly files: MemoryFiles;
  readonly clock: WallClock;
  invite(site: string, forMs?: number): Promise<NewInvite>;
  close(): Promise<void>;
};

export async function openTestHub(
  given: { readonly store?: HubStore; readonly files?: MemoryFiles; readonly clock?: WallClock } = {},
): Promise<TestHub> {
  const { store = await openHubStore(':memory:'), files = new MemoryFiles(), clock = new WallClock() } = given;
  const identity = await openHubIdentity({
    ...{ hub: 'central', url: 'https://hub.example.com:8443', hosts: ['hub.example.com', '127.0.0.1'], files, store },
    ...{ x509, crypto: enrolmentCrypto, keySets: async () => [], clock, random: systemRandom, log: silent },
  });
  return {
    ...{ identity, store, files, clock },
    invite: (site, forMs = 7 * DAY_MS) =>
      store.work((tx) => identity.desk.invite(tx, { site, by: 'anna', forMs }, clock.now())),
    close: async () => {
      identity.stop();
      await store.close();
    },
  };
}

/** A box with keys of its own, as far as head office sees it. */
export type TestBox = { readonly key: string; readonly sealingKey: Uint8Array };

export function createBox(): TestBox {
  const sealing = generateKeyPairSync('x25519').publicKey.export({ type: 'spki', format: 'der' });
  return { key: x509.createKey(), sealingKey: new Uint8Array(sealing.subarray(-32)) };
}

export async function joinRequest(box: TestBox, code: string, site = ''): Promise<EnrollRequest> {
  const parsed = parseInviteCode(code);
  if (!parsed.ok) throw new Error(parsed.error);
  const csr = await x509.createRequest({ name: 'a box', key: box.key });
  const { sealingKey } = box;
  return enrolmentRequest(
    parsed.value,
    { nonce: systemRandom.bytes(16), csr, sealingKey, hardware: undefined, version: '1.0.0', site },
    enrolmentCrypto,
  );
}

export async function recoverRequest(certificate: Uint8Array, key: string): Promise<RecoverRequest> {
  const csr = await x509.createRequest({ name: 'a box', key });
  const nonce = systemRandom.bytes(16);
  const { sha256 } = enrolmentCrypto;
  const text = recoverText({
    ...{ nonce: Buffer.from(nonce).toString('hex'), certificate: sha256(certificate), csr: sha256(csr) },
  });
  return { certificate, csr, nonce, proof: new Uint8Array(sign('sha256', Buffer.from(text), key)) };
}

export type TestSite = {
  readonly name: string;
  readonly identity: SiteIdentity;
  readonly files: MemoryFiles;
  /** Types of the events that were written down. */
  readonly told: string[];
  readonly lastReply: unknown;
  /** Takes the step that is due, with head office's handlers called directly. */
  takeStep(): Promise<IdentityStep>;
  restart(): Promise<TestSite>;
};

/** The identity of a site that reaches `hub` without a wire between them. */
export async function openTestSite(hub: TestHub, name: string, files = new MemoryFiles()): Promise<TestSite> {
  const told: string[] = [];
  const identity = await SiteIdentity.open({
    ...{ site: name, files, x509, crypto: enrolmentCrypto, createSealingKeys, hardware: undefined, version: '1.0.0' },
    releaseCrypto: { sha256: sha256OfText, verify: verifyRelease, keyId: releaseKeyId },
    tell: async ({ type }) => void told.push(type),
    ...{ clock: hub.clock, random: systemRandom, log: silent },
  });
  let lastReply: unknown;
  const call = async (method: 'enroll' | 'recover' | 'renew', request: never): Promise<unknown> => {
    const { enroll, recover, renew } = hub.identity.handlers;
    const remote = '192.0.2.7';
    const answer = async (): Promise<unknown> => {
      if (method === 'enroll') return enroll({ remote }, request);
      if (method === 'recover') return recover({ remote }, request);
      const caller = hub.identity.check.check(identity.current()?.chain ?? []);
      if (!caller.ok) throw caller.error;
      return renew({ ...caller.value, remote, throughProxy: false }, request, new AbortController().signal);
    };
    lastReply = await answer();
    return lastReply;
  };
  return {
    ...{ name, identity, files, told },
    get lastReply() {
      return lastReply;
    },
    takeStep: async () => {
      const step = identity.step();
      await identity.take(step, { call: call as never });
      return step;
    },
    restart: () => openTestSite(hub, name, files),
  };
}
