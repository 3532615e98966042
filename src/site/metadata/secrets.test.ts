import { afterEach, describe, expect, it } from 'vitest';
import { CountingSignals } from '../../../test/support/counting-signals.ts';
import {
  leaseChange,
  OTHER_MAC,
  POS_ADDRESS,
  POS_MAC,
  SampleClock,
  SampleLog,
  SampleNeighbours,
  SampleStore,
  SITE,
  sampleLease,
  sampleProfile,
  sampleRevision,
  sampleSecrets,
  sampleSlot,
  sampleTokens,
  T0,
} from '../../../test/support/sample-site.ts';
import { createHttpServer, type HttpServer } from '../../adapters/http/server.ts';
import type { Digest } from '../../kernel/digest.ts';
import type { Ipv4 } from '../../kernel/ipv4.ts';
import type { MacAddress } from '../../kernel/mac.ts';
import type { Boot, BootId } from '../../model/boot.ts';
import { bindingKey } from '../../model/boot.ts';
import { TEMPLATE_SURROUNDINGS } from '../../model/dhcp-role.ts';
import type { MachineId } from '../../model/machine.ts';
import { ARMED, fencedMark, type Order, type OrderId, type OrderState } from '../../model/order.ts';
import type { Document, Profile, Revision } from '../../model/revision.ts';
import { applyChanges } from '../../model/state.ts';
import type { Change } from '../../model/store.ts';
import { metadataRoutes } from './routes.ts';

let server: HttpServer;
afterEach(() => server.close());

const JOIN_TOKEN = 'not-for-everybody';
const FORMER = 'f'.repeat(64) as Digest;
const NEIGHBOUR = '10.0.0.77' as Ipv4;
const BEHIND_RELAY = '10.9.0.5' as Ipv4;

const text = '#cloud-config\ntoken: @{secret.joinToken}\n';
const secret: Document = { kind: 'text', text, fill: true, secret: true };
const plan = { completes: 'phone-home', attempts: 3, withinSeconds: 2_700 } as const;
const install: Partial<Profile> = { kind: 'install', install: plan, documents: { 'user-data': secret, talos: secret } };
const live: Partial<Profile> = { documents: { 'user-data': secret } };

const machine = 'm1' as MachineId;
const boot: Boot = {
  id: 'b1' as BootId,
  machine,
  mac: POS_MAC,
  slot: 'pos-1',
  binding: 1,
  openedAt: T0,
  stage: 'os',
  reached: { script: T0 },
};
const order: Order = {
  id: 'o1' as OrderId,
  slot: 'pos-1',
  binding: 1,
  profile: sampleProfile().digest,
  by: { kind: 'person', name: 'cli' },
  createdAt: T0,
  expiresAt: T0 + 2_700_000,
  attempts: 0,
  maxAttempts: 3,
  wipe: false,
  state: { kind: 'open' },
};

function bootRow(changes: Partial<Boot> = {}): Change {
  const row = { ...boot, ...changes };
  return { table: 'boots', key: row.id, row };
}

function orderRow(changes: Partial<Order> = {}): Change {
  const row = { ...order, ...changes };
  return { table: 'orders', key: row.id, row };
}

function inState(state: OrderState, changes: Partial<Order> = {}): Change {
  return orderRow({ ...changes, state });
}

const confirmed = inState({ kind: 'confirmed', at: T0, by: 'phone-home' });
const voided = orderRow({ id: 'o2' as OrderId, state: { kind: 'void', at: T0, because: 'x' } });
const installed = { profile: order.profile, at: T0, order: order.id };
const installedRow: Change = {
  table: 'bindings',
  key: bindingKey('pos-1', 1),
  row: { slot: 'pos-1', number: 1, machine, since: T0, health: 'enrolled', installed },
};
const armed: Change = { table: 'marks', key: ARMED, row: { at: T0, by: 'cli' } };

function withSlot(profile: Partial<Profile>, changes: Partial<Revision> = {}): Revision {
  return sampleRevision({ slots: { 'pos-1': sampleSlot({ profile: sampleProfile(profile) }) }, ...changes });
}

type Setting = { readonly isReadable?: boolean; readonly kept?: Revision; readonly current?: Revision };

async function setUp(
  profile: Partial<Profile>,
  rows: readonly Change[] = [armed, orderRow()],
  { isReadable = true, kept, current }: Setting = {},
) {
  const evidence = [{ kind: 'mac', value: POS_MAC, source: 'dhcp', firstSeen: T0, lastSeen: T0 }] as const;
  const store = new SampleStore([
    leaseChange(sampleLease()),
    { table: 'machines', key: machine, row: { id: machine, evidence } },
    {
      table: 'bindings',
      key: bindingKey('pos-1', 1),
      row: { slot: 'pos-1', number: 1, machine, since: T0, health: 'waiting' },
    },
    bootRow(),
    ...rows,
  ]);
  const neighbours = new SampleNeighbours();
  neighbours.set(POS_ADDRESS, POS_MAC);
  neighbours.set(NEIGHBOUR, OTHER_MAC);
  const signals = new CountingSignals(store, machine);
  const log = new SampleLog();
  const clock = new SampleClock();
  const revision = current ?? withSlot(profile);
  const deps = {
    ...{ store, signals, log, clock, tokens: sampleTokens, arp: neighbours, surroundings: TEMPLATE_SURROUNDINGS },
    revisions: {
      current: () => revision,
      get: (digest: Digest) => (digest === kept?.digest ? kept : undefined),
    },
    addresses: () => [SITE],
    secrets: sampleSecrets(isReadable ? { joinToken: JOIN_TOKEN } : {}),
  };
  server = await createHttpServer({ log, routes: [metadataRoutes(deps)] });
  const get = async (url: string, remoteAddress: string = POS_ADDRESS) => {
    const answer = await server.app.inject({ method: 'GET', url, remoteAddress });
    expect(JSON.stringify(log.lines)).not.toContain(JOIN_TOKEN);
    return { status: answer.statusCode, body: answer.body };
  };
  const kinds = () => signals.heard.map(({ kind }) => kind);
  const change = (...changes: readonly Change[]) => applyChanges(store.state, changes);
  return { get, kinds, signals, neighbours, change, clock };
}

function tokenOf(issuedAt = T0, mac: MacAddress = POS_MAC): string {
  return `/t/${sampleTokens.mint({ use: 'read', mac, issuedAt })}`;
}

const given = { status: 200, body: `#cloud-config\ntoken: "${JOIN_TOKEN}"\n` };
const refused = { status: 403, body: '' };
const nothing = { status: 200, body: '#cloud-config\n{}\n' };
const byId = '/nocloud/52-54-00-00-00-01/user-data';

describe('by token', () => {
  it.each([
    ['an install with its order', install],
    ['a live boot', live],
  ])('%s is given its secrets, and that is written down first', async (_, profile) => {
    const { get, signals } = await setUp(profile);
    signals.before = () => expect(signals.heard).toEqual([]);
    expect(await get(`${tokenOf()}/user-data`)).toEqual(given);
    expect(signals.heard).toEqual([
      { kind: 'secret-document', at: T0, mac: POS_MAC, document: 'user-data', address: POS_ADDRESS },
    ]);
  });

  it('a document says where its machine reports, with a token that reads nothing', async () => {
    const documents: Profile['documents'] = {
      preseed: { kind: 'text', text: 'wget @{boot.url.report}phone-home\n', fill: true, secret: true },
    };
    const { get } = await setUp({ ...install, documents });
    const token = sampleTokens.mint({ use: 'report', mac: POS_MAC, issuedAt: T0 });
    const answer = { status: 200, body: `wget http://10.0.0.1/r/${token}/phone-home\n` };
    expect(await get(`${tokenOf()}/preseed`)).toEqual(answer);
    expect(await get('/documents/pos-1/preseed')).toEqual(answer);
    expect(await get(`/t/${token}/preseed`)).toEqual(refused);
  });

  it('what cannot be written down is not sent', async () => {
    const { get, signals } = await setUp(install);
    signals.before = () => {
      throw new Error('the disk is gone');
    };
    const { status, body } = await get(`${tokenOf()}/user-data`);
    expect([status, body.includes(JOIN_TOKEN)]).toEqual([500, false]);
  });

  it.each<{ readonly name: string; readonly url: string; readonly from?: string }>([
    { name: 'guessed', url: '/t/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/user-data' },
    { name: 'for reporting', url: `/t/${sampleTokens.mint({ use: 'report', mac: POS_MAC, issuedAt: T0 })}/user-data` },
    { name: 'of another machine', url: `${tokenOf(T0, OTHER_MAC)}/user-data` },
    { name: 'from another address', url: `${tokenOf()}/user-data`, from: NEIGHBOUR },
    { name: 'from an address without a neighbour', url: `${tokenOf()}/user-data`, from: '10.0.0.78' },
    { name: 'from behind a relay without a lease', url: `${tokenOf()}/user-data`, from: BEHIND_RELAY },
  ])('one that is $name opens nothing, is written down, and is told nothing', async ({ url, from }) => {
    const { get, kinds } = await setUp(install);
    expect(await get(url, from ?? POS_ADDRESS)).toEqual(refused);
    expect(kinds()).toEqual(['secret-refused']);
  });

  it('a neighbour who takes over the address is known by its MAC, whatever the lease says', async () => {
    const { get, neighbours } = await setUp(install);
    neighbours.set(POS_ADDRESS, OTHER_MAC);
    expect(await get(`${tokenOf()}/user-data`)).toEqual(refused);
    neighbours.set(POS_ADDRESS, POS_MAC, false);
    expect(await get(`${tokenOf()}/user-data`)).toEqual(refused);
  });

  it('behind a relay the lease counts', async () => {
    const { get } = await setUp(install, [armed, orderRow(), leaseChange(sampleLease({ address: BEHIND_RELAY }))]);
    expect(await get(`${tokenOf()}/user-data`, BEHIND_RELAY)).toEqual(given);
  });

  it.each<readonly [string, readonly Change[]]>([
    ['disarmed', [orderRow()]],
    ['without an order', [armed]],
    ['held', [armed, orderRow(), { table: 'marks', key: 'hold/pos-1', row: { at: T0, by: 'cli' } }]],
    ['with an order of another binding', [armed, orderRow({ binding: 2 })]],
    ['with an order for another profile', [armed, orderRow({ profile: sampleRevision().digest })]],
    ['with an order that is too old', [armed, orderRow({ createdAt: T0 - 10, expiresAt: T0 })]],
    ['with an order that is parked', [armed, inState({ kind: 'parked', at: T0, because: 'x' })]],
    ['with an order that is void', [armed, inState({ kind: 'void', at: T0, because: 'x' })]],
    ['with an order that waits', [armed, inState({ kind: 'waiting' })]],
    [
      'with no attempt left in another boot',
      [armed, inState({ kind: 'installing', boot: 'b0' as BootId, since: T0 }, { attempts: 3 })],
    ],
  ])('an install that is %s gives nothing; its machine waits, and is no alarm', async (_, rows) => {
    const { get, kinds } = await setUp(install, rows);
    expect((await get(`${tokenOf()}/user-data`)).status).toBe(503);
    expect(kinds()).toEqual([]);
  });

  it('the boot whose attempt has begun may ask again, also with the last one', async () => {
    const begun = inState({ kind: 'installing', boot: boot.id, since: T0 }, { attempts: 3 });
    const { get } = await setUp(install, [armed, begun]);
    expect(await get(`${tokenOf()}/user-data`)).toEqual(given);
  });

  it('reading ends with the confirmation, and with the boot; the machine itself is no alarm', async () => {
    const { get, change, kinds } = await setUp(install);
    expect(await get(`${tokenOf()}/user-data`)).toEqual(given);
    change(inState({ kind: 'confirmed', at: T0, by: 'phone-home' }));
    expect(await get(`${tokenOf()}/user-data`)).toEqual(nothing);
    expect((await get(`${tokenOf()}/talos`)).status).toBe(503);
    change(orderRow(), bootRow({ outcome: { kind: 'installed' }, closedAt: T0 }));
    expect(await get(`${tokenOf()}/user-data`)).toEqual(nothing);
    expect(kinds()).toEqual(['secret-document']);
    expect(await get(`${tokenOf()}/user-data`, NEIGHBOUR)).toEqual(refused);
    expect(kinds()).toEqual(['secret-document', 'secret-refused']);
    expect((await get(`${tokenOf()}/meta-data`)).status).toBe(200);
  });

  it('what an installed system has kept of an earlier boot opens nothing, and is no alarm', async () => {
    const { get, kinds } = await setUp(install);
    expect(await get(`${tokenOf(T0 - 60_000)}/user-data`)).toEqual(nothing);
    expect(kinds()).toEqual([]);
  });

  it('a live boot is over once it is up, and its token does not open the next one', async () => {
    const { get, change } = await setUp(live);
    change(bootRow({ outcome: { kind: 'live' }, closedAt: T0 }));
    expect(await get(`${tokenOf()}/user-data`)).toEqual(nothing);
    change(bootRow({ id: 'b2' as BootId, openedAt: T0 + 600_000, reached: { script: T0 + 600_000 } }));
    expect(await get(`${tokenOf()}/user-data`)).toEqual(nothing);
    expect(await get(`${tokenOf(T0 + 600_000)}/user-data`)).toEqual(given);
  });

  it('what would be no attempt of an order is not sent', async () => {
    const { get, kinds, signals } = await setUp(install);
    signals.counts = false;
    const { status, body } = await get(`${tokenOf()}/user-data`);
    expect([status, body.includes(JOIN_TOKEN)]).toEqual([503, false]);
    expect(kinds()).toEqual(['secret-document']);
  });

  it('another boot while one installs is a further attempt, and not with the last one', async () => {
    const next = bootRow({ id: 'b2' as BootId, openedAt: T0 + 60_000 });
    const begun = (attempts: number) => inState({ kind: 'installing', boot: boot.id, since: T0 }, { attempts });
    const { get, change } = await setUp(install, [armed, begun(1), next]);
    expect(await get(`${tokenOf(T0 + 60_000)}/user-data`)).toEqual(given);
    change(begun(3));
    expect((await get(`${tokenOf(T0 + 60_000)}/user-data`)).status).toBe(503);
  });

  it('a neighbour in a loop is a few alarms a minute, and not a full disk', async () => {
    const { get, kinds, clock } = await setUp(install);
    for (let n = 0; n < 20; n++) await get(`${tokenOf()}/user-data`, NEIGHBOUR);
    expect(kinds()).toHaveLength(4);
    await get(`${tokenOf()}/user-data`, '10.0.0.78');
    expect(kinds()).toHaveLength(5);
    clock.pass(60_000);
    await get(`${tokenOf()}/user-data`, NEIGHBOUR);
    expect(kinds()).toHaveLength(6);
  });

  it('a secret that cannot be read is told to come later, and is no attempt', async () => {
    const { get, kinds } = await setUp(install, [armed, orderRow()], { isReadable: false });
    expect((await get(`${tokenOf()}/user-data`)).status).toBe(503);
    expect(kinds()).toEqual([]);
  });

  it('is the way to every secret document, and to no other', async () => {
    const { get } = await setUp(install);
    expect(await get(`${tokenOf()}/talos`)).toEqual(given);
    expect((await get(`${tokenOf()}/kickstart`)).status).toBe(404);
    expect((await get(`${tokenOf()}/passwd`)).status).toBe(404);
  });

  it('a machine that is faster than the disk waits until its boot is written down, and is given what it asks for', async () => {
    const { get, change, kinds, signals } = await setUp(live, [
      bootRow({ outcome: { kind: 'live' }, closedAt: T0 - 1 }),
    ]);
    signals.before = () => change(bootRow({ id: 'b2' as BootId, openedAt: T0 }));
    expect(await get(`${tokenOf()}/user-data`)).toEqual(given);
    expect(kinds()).toEqual(['tick', 'secret-document']);
  });

  it('so does one that was reset while its boot was open, and is configured by the template of the new one', async () => {
    const former = withSlot({ documents: { 'user-data': { ...secret, text: 'former' } } }, { digest: FORMER });
    const { get, change, signals } = await setUp(live, [bootRow({ revision: FORMER })], { kept: former });
    const issuedAt = T0 + 60_000;
    expect(await get(`${tokenOf()}/user-data`)).toEqual({ status: 200, body: 'former' });
    const next = { id: 'b2' as BootId, openedAt: issuedAt - 10_000, reached: { script: issuedAt } };
    signals.before = () => change(bootRow({ outcome: { kind: 'superseded' }, closedAt: T0 + 50_000 }), bootRow(next));
    expect(await get(`${tokenOf(issuedAt)}/user-data`)).toEqual(given);
  });

  it('Ignition that asks too late is told to wait, and that is no alarm; at a wrong place it is refused', async () => {
    const config: Document = { kind: 'text', text: '{"t": "@{secret.joinToken}"}', fill: true, secret: true };
    const { get, change, kinds } = await setUp({ documents: { ignition: config } });
    expect(await get(`${tokenOf()}/ignition`)).toMatchObject({ status: 200, body: `{"t": "${JOIN_TOKEN}"}` });
    expect(await get(`${tokenOf()}/ignition`, NEIGHBOUR)).toEqual(refused);
    change(bootRow({ outcome: { kind: 'live' }, closedAt: T0 }));
    expect((await get(`${tokenOf()}/ignition`)).status).toBe(503);
    expect(kinds()).toEqual(['secret-document', 'secret-refused']);
  });
});

describe('by public id', () => {
  it('a neighbour who names a MAC gets nothing, learns nothing, and is written down', async () => {
    const { get, kinds } = await setUp(install);
    const { status, body } = await get(byId, NEIGHBOUR);
    expect([status, body]).toEqual([503, 'waiting: no slot for it yet\n']);
    expect((await get('/documents/52-54-00-00-00-01/talos', NEIGHBOUR)).status).toBe(503);
    expect(kinds()).toEqual(['secret-refused', 'secret-refused']);
  });

  it('the machine itself is given its secrets, with an order or live', async () => {
    const { get, kinds } = await setUp(install);
    expect(await get(byId)).toEqual(given);
    expect(await get('/store/pos-1/user-data')).toEqual(given);
    expect(await get('/documents/pos-1/talos')).toEqual(given);
    expect(kinds()).toEqual(['secret-document', 'secret-document', 'secret-document']);
  });

  it('a live one too', async () => {
    const { get } = await setUp(live);
    expect(await get(byId)).toEqual(given);
    expect((await get(byId, NEIGHBOUR)).status).toBe(503);
  });

  it('a live one whose slot left the template goes on with the revision that its boot began with', async () => {
    const former = withSlot(live, { digest: FORMER });
    const current = sampleRevision({ slots: {} });
    const { get } = await setUp(live, [bootRow({ revision: FORMER })], { kept: former, current });
    expect(await get(byId)).toEqual(given);
    expect((await get(byId, NEIGHBOUR)).status).toBe(503);
  });

  it('without an order the machine waits, and that is no alarm', async () => {
    const { get, kinds } = await setUp(install, [armed]);
    expect((await get(byId)).status).toBe(503);
    expect(kinds()).toEqual([]);
  });

  it('not behind a relay, and not without a lease of its own; that is no alarm', async () => {
    const relayed = leaseChange(sampleLease({ address: BEHIND_RELAY }));
    const { get, kinds } = await setUp(install, [armed, orderRow(), relayed]);
    expect((await get(byId, BEHIND_RELAY)).status).toBe(503);
    expect((await get(byId)).status).toBe(503);
    expect(kinds()).toEqual([]);
  });

  it('an installed machine is told that there is nothing to do, its neighbour as before', async () => {
    const { get } = await setUp(install, [armed, inState({ kind: 'confirmed', at: T0, by: 'talos-running' })]);
    expect(await get(byId)).toEqual({ status: 200, body: '#cloud-config\n{}\n' });
    expect((await get(byId, NEIGHBOUR)).status).toBe(503);
  });

  it.each<readonly [string, readonly Change[]]>([
    ['is held', [armed, confirmed, { table: 'marks', key: 'hold/pos-1', row: { at: T0, by: 'cli' } }]],
    ['is disarmed', [confirmed]],
    [
      'was to be installed once more, and was not switched on in time',
      [armed, confirmed, orderRow({ id: 'o2' as OrderId, state: { kind: 'parked', at: T0, because: 'too late' } })],
    ],
    ['was to be installed once more, and its site lost count', [confirmed, voided]],
  ])('an installed machine whose slot %s starts all the same', async (_, rows) => {
    const { get } = await setUp(install, [...rows, installedRow]);
    expect(await get(byId)).toEqual(nothing);
    expect((await get(byId, NEIGHBOUR)).status).toBe(503);
  });

  it('a disk that an install was broken off on is not told that it is done', async () => {
    const parked = { kind: 'parked', at: T0, because: 'x' } as const;
    const { get } = await setUp(install, [
      ...[armed, confirmed, installedRow],
      orderRow({ id: 'o2' as OrderId, attempts: 1, state: parked }),
    ]);
    expect((await get(byId)).status).toBe(503);
  });

  it('a document without a hole is as secret', async () => {
    const documents: Profile['documents'] = { 'user-data': { ...secret, text: 'plain', fill: false } };
    const { get } = await setUp({ ...install, documents });
    expect((await get(byId, NEIGHBOUR)).body).not.toContain('plain');
    expect(await get(byId)).toEqual({ status: 200, body: 'plain' });
  });
});

describe('a machine that was taken out of a live slot', () => {
  it.each([
    ['/nocloud/pos-1/user-data', 503],
    // By its own address it is a machine without a slot.
    [byId, 200],
  ])('is not given its secrets by %s', async (url, status) => {
    const released = { slot: 'pos-1', number: 1, machine, since: T0, health: 'waiting', releasedAt: T0 } as const;
    const { get, kinds } = await setUp(live, [
      { table: 'bindings', key: bindingKey('pos-1', 1), row: released },
      { table: 'marks', key: fencedMark(machine), row: { at: T0, by: 'cli' } },
    ]);
    expect(await get(url)).toMatchObject({ status });
    expect(kinds()).not.toContain('secret-document');
  });
});

describe('whoever took the address of a machine', () => {
  it('is given nothing to report with, and begins no install in its name', async () => {
    const documents: Profile['documents'] = { 'user-data': { kind: 'text', text: 'x', fill: false, secret: false } };
    const { get, kinds, neighbours } = await setUp({ ...install, documents });
    neighbours.set(POS_ADDRESS, OTHER_MAC);
    expect(await get('/nocloud/pos-1/vendor-data')).toEqual({ status: 200, body: '#cloud-config\n{}\n' });
    await get('/nocloud/pos-1/user-data');
    expect(kinds()).toEqual([]);
  });
});
