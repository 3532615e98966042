import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHost, type Host } from '../../src/lab/network.ts';
import {
  type Answer,
  type BesiegedSite,
  besiege,
  get,
  HONEST,
  POS_MAC,
  SITE_ADDRESS,
} from './support/besieged-site.ts';
import { forged, openRelay } from './support/dhcp-client.ts';

const POS_UUID = '4c4c4544-0042-3010-8052-b4c04f4d4e32';
const POS_ADDRESS = '10.66.0.11';
const STRANGER = { mac: '52:54:00:ee:ee:ee', address: '10.66.0.150' };
const SECOND_NIC = { mac: '52:54:00:66:00:02', address: '10.66.0.151' };

type Machine = { readonly macs: readonly string[]; readonly uuid?: string };
type Node = { readonly state: string; readonly binding?: number; readonly machine?: Machine };
type Nodes = { readonly nodes: readonly Node[]; readonly machines: readonly Machine[] };
type Events = { readonly events: readonly { readonly type: string; readonly sentence: string }[] };

let site: BesiegedSite;
const hosts = new Map<string, Host>();
beforeAll(async () => {
  site = await besiege('takeover');
});
afterAll(async () => {
  for (const host of hosts.values()) await host.close();
  await site?.end();
});

/** A request of the machine that has this address, from its own card. */
async function at(from: string, path: string, ...more: string[]): Promise<Answer> {
  const argv = [
    'curl',
    '-s',
    '--max-time',
    '10',
    '-w',
    '\n%{http_code}',
    ...more,
    `http://${SITE_ADDRESS}${path}`,
  ] as const;
  const lines = ((await hosts.get(from)?.exec(argv)) ?? '').trimEnd().split('\n');
  return { status: Number(lines.at(-1)), body: lines.slice(0, -1).join('\n') };
}

async function ask<T>(path: string): Promise<T> {
  return JSON.parse((await get(path, { from: HONEST })).body) as T;
}

const pos = async () => (await ask<Nodes>('/api/v1/nodes')).nodes[0];
const script = (mac: string, from: string) => at(from, `/boot/script?mac=${mac}&uuid=${POS_UUID}`);
const tokenIn = (text: string) => /\/r\/([\w-]{44})/.exec(text)?.[1];
const phoneHome = (token: string, from: string) => at(from, `/r/${token}/phone-home`, '--data', 'hostname=x');

/** Takes an address by DHCP as an installed system does, or as firmware that tells its UUID, and is a host of the bridge with it. */
async function takeAddress(mac: string, address: string, as = 'dhclient-renew'): Promise<void> {
  const relay = await openRelay();
  try {
    relay.send(forged({ base: as, mac, type: 'request', requested: address }), 67, '10.66.0.1');
    await once(relay, 'message', { signal: AbortSignal.timeout(2_000) });
  } finally {
    relay.close();
  }
  hosts.set(address, await createHost(`take-${hosts.size}`, 'br-fuzz', { mac, address: `${address}/24` }));
}

test('whoever knows the UUID of pos-1, and has a lease of its own, gets neither its slot nor its token', async () => {
  await takeAddress(POS_MAC, POS_ADDRESS, 'bios-rom-request');
  await script(POS_MAC, POS_ADDRESS);
  await expect.poll(async () => (await pos())?.machine?.uuid).toBe(POS_UUID);

  await takeAddress(STRANGER.mac, STRANGER.address, 'bios-rom-request');
  for (let i = 0; i < 3; i++) {
    const { body } = await script(STRANGER.mac, STRANGER.address);
    expect(body).toContain('pos-1 is taken');
    expect(body).not.toContain('/assets/');
  }
  const names = ['pos-1', POS_MAC, POS_UUID, STRANGER.mac];
  const seeds = await Promise.all(names.map((name) => at(STRANGER.address, `/nocloud/${name}/vendor-data`)));
  const tokens = seeds.map(({ body }) => tokenIn(body));
  expect(tokens.slice(0, 3)).toEqual([undefined, undefined, undefined]);
  if (tokens[3]) await phoneHome(tokens[3], STRANGER.address);

  await expect.poll(async () => (await ask<Nodes>('/api/v1/nodes')).machines.length).toBe(1);
  const { nodes, machines } = await ask<Nodes>('/api/v1/nodes');
  expect(nodes[0]).toMatchObject({ state: 'booting', binding: 1, machine: { macs: [POS_MAC] } });
  expect(machines[0]?.macs).toEqual([STRANGER.mac]);
  expect(machines[0]?.uuid).toBeUndefined();
  const { events } = await ask<Events>('/api/v1/events?limit=1000');
  expect(events.filter(({ type }) => type === 'slot-conflict')).toHaveLength(1);

  const own = tokenIn((await at(POS_ADDRESS, '/nocloud/pos-1/vendor-data')).body);
  expect((await phoneHome(own ?? '', POS_ADDRESS)).status).toBe(200);
  await expect.poll(async () => (await pos())?.state).toBe('enrolled');
});

test('pos-1 itself boots over its other NIC when it has given its lease back', async () => {
  const relay = await openRelay();
  relay.send(forged({ base: 'dhclient-renew', mac: POS_MAC, type: 'release', ciaddr: POS_ADDRESS }), 67, '10.66.0.1');
  const released = async () =>
    (await ask<Events>('/api/v1/events?limit=1000')).events.some(({ type }) => type === 'lease-released');
  await expect.poll(released).toBe(true);
  relay.close();
  await takeAddress(SECOND_NIC.mac, SECOND_NIC.address, 'bios-rom-request');
  await expect.poll(async () => (await script(SECOND_NIC.mac, SECOND_NIC.address)).body).toContain('/assets/');
  await expect.poll(async () => (await pos())?.state).toBe('booting');
  const token = tokenIn((await at(SECOND_NIC.address, '/nocloud/pos-1/vendor-data')).body);
  await phoneHome(token ?? '', SECOND_NIC.address);
  await expect.poll(async () => (await pos())?.state).toBe('enrolled');
  expect(await pos()).toMatchObject({ binding: 1, machine: { uuid: POS_UUID } });
  expect((await pos())?.machine?.macs).toContain(SECOND_NIC.mac);
});
