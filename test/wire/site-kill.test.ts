import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { seededRandom } from '../../src/lab/clients/dhcp-packet.ts';
import { Crowd, crowdHost, crowdMacs } from './support/crowd.ts';
import { SimMachine } from './support/machine.ts';
import { readLeases } from './support/site-database.ts';
import { SiteLab } from './support/site-lab.ts';
import { writeTemplate } from './support/template.ts';

const SEED = Number(process.env['SLIPWAY_SEED'] ?? 1);
const KILLS = 6;
const slots = [1, 2, 3].map((n) => ({ name: `till-${n}`, mac: `52:54:00:1b:00:0${n}`, host: 10 + n }));

const lab = new SiteLab('br-kill', '10.42.0');
const random = seededRandom(SEED);
const crowds: Crowd[] = [];
let tills: { slot: string; machine: SimMachine; url: string }[];

beforeAll(async () => {
  await lab.open();
  writeTemplate(lab, { slots });
  await lab.start();
  for (const group of [1, 2]) {
    const host = await crowdHost(lab, `crowd${group}`, 240 + group);
    crowds.push(new Crowd(host, { macs: crowdMacs(20, group), seed: SEED + group, retryMs: 150, pauseMs: 250 }));
  }
  tills = await Promise.all(
    slots.map(async ({ name, mac }) => {
      const machine = await SimMachine.plugIn(lab, name, mac);
      await machine.dhcp();
      return { slot: name, machine, url: await machine.phoneHomeUrl() };
    }),
  );
});

afterAll(async () => {
  await Promise.all(crowds.map((crowd) => crowd.stop()));
  await lab.end();
});

it('a site that is killed at any moment, again and again, keeps every promise that a client has heard', async () => {
  // Each till says once that it is up, and says it again until it is told 200, as cloud-init does.
  const promised = new Set<string>();
  for (let kill = 0; kill < KILLS; kill++) {
    const till = tills[kill % tills.length];
    const calls = till && !promised.has(till.slot) ? untilHeard(till, promised) : undefined;
    await crowds[kill % crowds.length]?.moreAcks(1 + Math.floor(random() * 40));
    await lab.site?.stop('SIGKILL');
    leaveHalfWrittenFiles(kill);
    expectPromisesKept();
    await lab.start();
    for (const slot of promised) expect((await lab.node(slot)).node).toMatchObject({ state: 'enrolled', binding: 1 });
    await calls;
  }
  // Everybody is served again.
  const [first, second] = crowds;
  await Promise.all([first?.moreAcks(60), second?.moreAcks(60)]);
  await lab.site?.stop();
  expectPromisesKept();
  expect(new Set(allAcks().map(({ mac }) => mac)).size).toBe(40);
});

it('what the kills and the half-written files left is no trouble for the next start', async () => {
  await lab.start();
  for (const { slot } of tills) expect((await lab.node(slot)).node).toMatchObject({ state: 'enrolled', binding: 1 });
  await lab.untilAssetsAreHere();
  expect(lab.log().filter(({ level }) => level === 'error')).toEqual([]);
  expect(crowds.flatMap(({ naks }) => naks)).toEqual([]);
});

async function untilHeard(till: (typeof tills)[number], promised: Set<string>): Promise<void> {
  await vi.waitFor(async () => expect(await till.machine.phoneHome(till.url)).toBe(200), { timeout: 30_000 });
  promised.add(till.slot);
}

function allAcks() {
  return crowds.flatMap(({ acks }) => acks);
}

function expectPromisesKept(): void {
  const leases = new Map(readLeases(lab.dataDir).map((lease) => [lease.mac as string, lease]));
  const holders = new Map<string, string>();
  for (const { mac, address } of allAcks()) {
    expect(leases.get(mac), `${mac} was promised ${address}`).toMatchObject({ address, state: 'bound' });
    expect(holders.get(address) ?? mac, `${address} was promised twice`).toBe(mac);
    holders.set(address, mac);
  }
}

/** What a power cut may leave: files that were being written, in the places and under the names of the real ones. */
function leaveHalfWrittenFiles(n: number): void {
  writeFileSync(join(lab.dataDir, `.revision.json.half-${n}`), '{"number": 1, "sl');
  writeFileSync(join(lab.dataDir, `.token.key.half-${n}`), 'x');
  writeFileSync(join(lab.dataDir, 'partial', `half-${n}`), 'half of a kernel');
  if (n === KILLS - 1) {
    const path = join(lab.dataDir, 'revision.json');
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, 700));
  }
}
