import { createPrivateKey, sign } from 'node:crypto';
import { createLinkServer, type LinkServer, type PortLimits } from '../../src/adapters/link/link-server.ts';
import { systemClock } from '../../src/adapters/node/clock.ts';
import { x509 } from '../../src/adapters/node/x509.ts';
import { createLinkCore } from '../../src/hub/link/core.ts';
import type { Clock, Log } from '../../src/kernel/ports.ts';
import { err, ok } from '../../src/kernel/result.ts';
import type { TimeKeeper } from '../../src/kernel/time-keeper.ts';
import type { LinkHandlers } from '../../src/wire/link/handlers.ts';
import type { Bell, CallerCheck, LinkIdentity, ReplySigner } from '../../src/wire/link/ports.ts';
import { Refusal } from '../../src/wire/link/refusals.ts';

const DAY_MS = 86_400_000;

type Validity = { readonly notBefore: number; readonly notAfter: number };
const validity = (nowMs: number, days: number): Validity => ({
  notBefore: nowMs - 2 * DAY_MS,
  notAfter: nowMs + days * DAY_MS,
});

export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** The certificates of one head office. */
export async function makePki(name = 'test hub', nowMs = Date.now()) {
  const key = x509.createKey();
  const root = await x509.createRoot({ name, key, validity: validity(nowMs, 7300) });
  const issuer = { key, certificate: root };
  const leaf = async (
    of: { role: 'signer' } | { role: 'server'; hosts: readonly string[] } | { role: 'site'; site: string },
    valid: Validity,
  ) => {
    const leafKey = x509.createKey();
    const certificate = await x509.issue(
      { ...of, publicKey: x509.publicKeyOf(leafKey).publicKey, validity: valid },
      issuer,
    );
    return { chain: [certificate], privateKey: leafKey } satisfies LinkIdentity;
  };
  return {
    root,
    signer: (valid = validity(nowMs, 90)) => leaf({ role: 'signer' }, valid),
    server: (valid = validity(nowMs, 90), hosts: readonly string[] = ['localhost', '127.0.0.1']) =>
      leaf({ role: 'server', hosts }, valid),
    site: (site: string, valid = validity(nowMs, 90)) => leaf({ role: 'site', site }, valid),
  };
}
export type Pki = Awaited<ReturnType<typeof makePki>>;

export function pem(der: Uint8Array): string {
  const lines = Buffer.from(der)
    .toString('base64')
    .replaceAll(/(.{64})/g, '$1\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

/** Counts each certificate of these roots as good until its date. */
export function checkBy(roots: readonly Uint8Array[], now: () => number): CallerCheck {
  const reasons = {
    missing: 'certificate-missing',
    malformed: 'certificate-foreign',
    foreign: 'certificate-foreign',
    expired: 'certificate-expired',
    'not-yet': 'certificate-not-yet',
  } as const;
  return {
    check: (chain) => {
      const found = x509.verify(chain, roots, now());
      if (!found.ok) return err(new Refusal(reasons[found.error.kind], found.error.because));
      const { site, serial, publicKey } = found.value;
      return site === undefined
        ? err(new Refusal('certificate-foreign', 'not of a site'))
        : ok({ site, serial, publicKey });
    },
  };
}

export function signerOf({ chain, privateKey }: LinkIdentity): ReplySigner {
  const key = createPrivateKey(privateKey);
  return { sign: (text) => ({ chain, signature: sign('sha256', Buffer.from(text), key) }) };
}

export function createBell(): Bell {
  const listeners = new Map<string, Set<() => void>>();
  return {
    ring: (site) => {
      for (const run of listeners.get(site) ?? []) run();
    },
    onRing: (site, run) => {
      const own = listeners.get(site) ?? new Set();
      listeners.set(site, own.add(run));
      return () => own.delete(run);
    },
  };
}

/** Time as this machine has it, known to be head office's; `shiftMs` makes it lie. */
export function timeOf(shiftMs = 0, quality: TimeKeeper['quality'] = 'hub', clock: Clock = systemClock): TimeKeeper {
  return { ...clock, now: () => clock.now() + shiftMs, quality, offsetMs: 0, learn: () => undefined };
}

/** A handler for each call, which says that it was not meant; tests put their own in place. */
export function noHandlers(): LinkHandlers {
  const none = () => Promise.reject(new Refusal('method-unknown', 'not in this test'));
  return {
    getTime: async () => ({ timeMs: BigInt(Date.now()) }),
    ...{ enroll: none, recover: none, hello: none, sync: none, report: none, putState: none, fetch: none, renew: none },
  };
}

export type TestHub = {
  readonly pki: Pki;
  readonly server: LinkServer;
  readonly port: number;
  readonly url: string;
  readonly bell: Bell;
};

/** Head office's port for sites with handlers of a test, on loopback. */
export async function startLinkHub(
  handlers: Partial<LinkHandlers>,
  given: {
    readonly pki?: Pki;
    readonly signer?: LinkIdentity;
    readonly tls?: LinkIdentity;
    readonly clock?: Clock;
    readonly limits?: Partial<PortLimits>;
    readonly isReady?: () => Promise<boolean>;
    readonly log?: Log;
    readonly port?: number;
  } = {},
): Promise<TestHub> {
  const pki = given.pki ?? (await makePki());
  const clock = given.clock ?? systemClock;
  const bell = createBell();
  const tls = given.tls ?? (await pki.server());
  const log = given.log ?? silentLog;
  const core = createLinkCore({
    handlers: { ...noHandlers(), ...handlers },
    callers: checkBy([pki.root], clock.now),
    signer: signerOf(given.signer ?? (await pki.signer())),
    ...{ clock, log },
  });
  const server = createLinkServer({
    ...{ core, bell, log, isReady: given.isReady ?? (async () => true) },
    tls: { chain: tls.chain.map(pem).join(''), privateKey: tls.privateKey },
    ...(given.limits ? { limits: given.limits } : {}),
  });
  const port = await server.listen('127.0.0.1', given.port ?? 0);
  return { pki, server, port, url: `https://localhost:${port}`, bell };
}
