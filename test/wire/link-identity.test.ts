import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLinkClient } from '../../src/adapters/link/link-client.ts';
import { systemRandom } from '../../src/adapters/node/random.ts';
import { x509 } from '../../src/adapters/node/x509.ts';
import { startLinkPort } from '../../src/hub/link-port.ts';
import { AppError } from '../../src/kernel/errors.ts';
import type { TimeKeeper } from '../../src/kernel/time-keeper.ts';
import type { LinkIdentity } from '../../src/wire/link/ports.ts';
import { Refusal } from '../../src/wire/link/refusals.ts';
import { createBell, noHandlers, silentLog } from '../support/link-hub.ts';
import {
  DAY_MS,
  openTestHub,
  openTestSite,
  type TestHub,
  type TestSite,
  type WallClock,
} from '../support/link-identity.ts';

type Running = { readonly hub: TestHub; readonly url: string; stop(): Promise<void> };
let real: Running;
let impostor: Running;

async function start(): Promise<Running> {
  const hub = await openTestHub();
  const { identity, clock } = hub;
  const handlers = { ...noHandlers(), ...identity.handlers };
  const port = await startLinkPort({
    ...{
      listen: '127.0.0.1:0',
      identity,
      handlers,
      bell: createBell(),
      isReady: async () => true,
      clock,
      log: silentLog,
    },
  });
  const url = `https://127.0.0.1:${port.port}`;
  return { hub, url, stop: () => port.stop().then(() => hub.close()) };
}

beforeAll(async () => {
  [real, impostor] = await Promise.all([start(), start()]);
});
afterAll(async () => {
  await Promise.all([real.stop(), impostor.stop()]);
});

function timeOf(clock: WallClock, shiftMs = 0): TimeKeeper {
  return {
    ...{ now: () => clock.now() + shiftMs, monotonic: () => clock.monotonic(), quality: 'hub', offsetMs: 0 },
    ...{ after: () => () => undefined, learn: () => undefined },
  };
}

/** One call over TLS as this identity; the word for what became of it. */
async function call(
  at: Running,
  site: TestSite,
  method: 'renew' | 'recover' | 'enroll',
  given: { readonly identity?: LinkIdentity; readonly shiftMs?: number } = {},
): Promise<string> {
  const isStranger = method === 'enroll';
  const client = createLinkClient({
    ...{ url: at.url, random: systemRandom, env: {}, time: timeOf(real.hub.clock, given.shiftMs) },
    identity: () => (isStranger ? undefined : (given.identity ?? site.identity.current())),
    roots: () => (isStranger ? [] : site.identity.roots()),
  });
  try {
    await site.identity.take(method, client);
    return 'accepted';
  } catch (thrown) {
    return thrown instanceof Refusal ? thrown.reason : AppError.from(thrown).code;
  } finally {
    await client.close();
  }
}

async function joined(name: string): Promise<TestSite> {
  const site = await openTestSite(real.hub, name);
  await site.identity.join((await real.hub.invite(name)).code);
  expect(await call(real, site, 'enroll')).toBe('accepted');
  return site;
}

test('a box joins by a code over TLS that it cannot check yet, and renews over TLS that it can', async () => {
  const site = await joined('store-1');
  const before = site.identity.current();
  real.hub.clock.advance(1_000);
  expect(await call(real, site, 'renew')).toBe('accepted');
  expect(site.identity.current()).not.toEqual(before);
});

test('a code that was used is refused to another box, and an impostor has nothing to show for it', async () => {
  const { code } = await real.hub.invite('store-2');
  const [first, second] = [await openTestSite(real.hub, 'store-2'), await openTestSite(real.hub, 'store-2')];
  await first.identity.join(code);
  await second.identity.join(code);
  expect(await call(impostor, first, 'enroll')).toBe('invite-unknown');
  await first.identity.join(code);
  expect(await call(real, first, 'enroll')).toBe('accepted');
  expect(await call(real, second, 'enroll')).toBe('invite-used');
});

test('who answers with another root is not believed', async () => {
  const site = await joined('store-3');
  const before = new Map(site.files.files);
  expect(await call(impostor, site, 'renew')).toBe('hub-untrusted');
  expect(await call(impostor, site, 'recover')).toBe('hub-untrusted');
  expect(site.files.files).toEqual(before);
});

test('a certificate of another head office and a wrong clock are refused by name', async () => {
  const site = await joined('store-4');
  const theirs = await openTestSite(impostor.hub, 'store-4');
  await theirs.identity.join((await impostor.hub.invite('store-4')).code);
  await theirs.takeStep();
  const foreign = theirs.identity.current();
  if (!foreign) throw new Error('it has joined');
  expect(await call(real, site, 'renew', { identity: foreign })).toBe('certificate-foreign');
  expect(await call(real, site, 'renew', { shiftMs: 11 * 60_000 })).toBe('clock-skew');
  real.hub.clock.advance(1_000);
  expect(await call(real, site, 'renew')).toBe('accepted');
});

test('what is over is refused and comes back by its key; what was revoked does not', async () => {
  const at = await start();
  const site = await openTestSite(at.hub, 'store-5');
  await site.identity.join((await at.hub.invite('store-5')).code);
  await site.takeStep();
  const old = real;
  real = at;
  try {
    at.hub.clock.advance(91 * DAY_MS);
    await expect
      .poll(() => x509.verify(at.hub.identity.server().chain, at.hub.identity.believed(), at.hub.clock.now()).ok)
      .toBe(true);
    expect(await call(at, site, 'renew')).toBe('certificate-expired');
    expect(await call(at, site, 'recover')).toBe('accepted');
    expect(site.identity.step()).toBe('nothing');
    const { afterwards } = await at.hub.store.work((tx) =>
      at.hub.identity.desk.revoke(tx, { site: 'store-5', by: 'anna', because: 'stolen' }, at.hub.clock.now()),
    );
    afterwards();
    expect(await call(at, site, 'renew')).toBe('certificate-revoked');
    expect(await call(at, site, 'recover')).toBe('certificate-revoked');
  } finally {
    real = old;
    await at.stop();
  }
});
