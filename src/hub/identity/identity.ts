import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import type { Cancel, Clock, Log, Random } from '../../kernel/ports.ts';
import type { HubStore, HubTx } from '../../model/fleet/hub-store.ts';
import type { IdentityDesk } from '../../model/fleet/identity-desk.ts';
import type { PrivateFiles } from '../../model/fleet/private-files.ts';
import type { X509 } from '../../model/fleet/x509.ts';
import type { EnrolmentCrypto } from '../../wire/link/enrolment.ts';
import type { SignedKeySet, Trust } from '../../wire/link/gen/link.ts';
import type { LinkHandlers } from '../../wire/link/handlers.ts';
import type { CallerCheck, LinkIdentity, ReplySigner } from '../../wire/link/ports.ts';
import { openAuthority } from './authority.ts';
import { createCallerCheck, readIssued } from './callers.ts';
import { createIdentityDesk } from './desk.ts';
import { createEnroll } from './enroll.ts';
import { createFinder } from './found.ts';
import { HelloAsks } from './hello-asks.ts';
import { type OwnLeaf, openOwnLeaf } from './own-leaf.ts';
import { createRenewals } from './renewals.ts';
import { createRootsDesk, type HubRoots } from './roots-desk.ts';

const HOUR_MS = 3_600_000;

export type HubIdentityParts = {
  /** Name of the hub. */
  readonly hub: string;
  /** Where sites find it, and the names and addresses that its certificate is for. */
  readonly url: string;
  readonly hosts: readonly string[];
  /** Of `<dataDir>/ca`. */
  readonly files: PrivateFiles;
  readonly store: HubStore;
  readonly x509: X509;
  readonly crypto: EnrolmentCrypto;
  /** The sets of release keys that a site is given, from the first on. */
  readonly keySets: (tx: HubTx) => Promise<readonly SignedKeySet[]>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/** Who head office is, and who may speak for a site. */
export interface HubIdentity {
  readonly check: CallerCheck;
  readonly signer: ReplySigner;
  readonly handlers: Pick<LinkHandlers, 'getTime' | 'enroll' | 'recover' | 'renew'>;
  readonly desk: IdentityDesk;
  /** For the server's end of TLS. */
  server(): LinkIdentity;
  /** Calls `run` when `server` has another answer than before. */
  onServerChange(run: () => void): Cancel;
  readonly roots: HubRoots;
  /** Whether this site is to say Hello, because there is something to learn by it. */
  wantsHello(site: string): boolean;
  /** Whom a site is to believe. */
  trust(tx: HubTx): Promise<Trust>;
  believed(): readonly Uint8Array[];
  stop(): void;
}

/** Opens all of it. Rejects with an AppError: `ca-damaged`, or as the disk and the store do. */
export async function openHubIdentity(parts: HubIdentityParts): Promise<HubIdentity> {
  const { files, store, x509, clock, random, log, hosts, url } = parts;
  const authority = await openAuthority(parts);
  const leafParts = { authority, files, x509, clock, log };
  const server = await openOwnLeaf({ role: 'server', hosts }, leafParts);
  const signer = await openOwnLeaf({ role: 'signer' }, leafParts);
  const { withdrawn, withRow } = await readIssued(store);
  const trust = async (tx: HubTx): Promise<Trust> => ({
    ...{ roots: [...authority.roots()], keySets: [...(await parts.keySets(tx))] },
  });
  const issueParts = { ...parts, authority, withdrawn, withRow, trust };
  const listeners = new Set<() => void>();

  // Looked at by the clock on the wall, hour by hour: a timer of a month would fire at once.
  let cancel: Cancel = clock.after(HOUR_MS, look);
  function look(): void {
    void renewOwn().finally(() => {
      cancel = isStopped ? cancel : clock.after(HOUR_MS, look);
    });
  }
  async function renewOwn(): Promise<void> {
    try {
      await signer.renewIfDue();
      if (await server.renewIfDue()) for (const listener of listeners) listener();
    } catch (thrown) {
      log.error(
        { reason: (thrown as Error).message },
        "head office's own certificate could not be renewed; it is tried again",
      );
    }
  }
  let isStopped = false;

  const asks = new HelloAsks(clock, random);
  const roots = createRootsDesk({ store, authority, asks, now: () => clock.now(), renewOwn });
  if (authority.old()) await roots.askAll();

  return {
    check: createCallerCheck({
      ...{ authority, withdrawn, withRow, x509, clock },
      onUnknown: createFinder({ store, withRow, authority, x509, clock, log }),
    }),
    signer: createReplySigner(signer),
    handlers: {
      getTime: async () => ({ timeMs: BigInt(Math.floor(clock.now())) }),
      enroll: createEnroll(issueParts),
      ...createRenewals(issueParts),
    },
    desk: createIdentityDesk({ url, random, withdrawn }),
    server: () => server.current(),
    onServerChange: (run) => {
      listeners.add(run);
      return () => void listeners.delete(run);
    },
    trust,
    roots,
    believed: () => authority.roots(),
    wantsHello: (site) => asks.isDue(site),
    stop: () => {
      isStopped = true;
      cancel();
    },
  };
}

/** Reads the key once for as long as it is the same: each answer of head office is signed. */
function createReplySigner(leaf: OwnLeaf): ReplySigner {
  let read: { readonly pem: string; readonly key: KeyObject } | undefined;
  return {
    sign: (text) => {
      const { chain, privateKey } = leaf.current();
      if (read?.pem !== privateKey) read = { pem: privateKey, key: createPrivateKey(privateKey) };
      return { chain, signature: sign('sha256', Buffer.from(text), read.key) };
    },
  };
}
