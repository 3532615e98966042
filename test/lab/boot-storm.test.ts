import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Host } from '../../src/lab/network.ts';
import type { SiteNodes } from '../../src/wire/api/views.ts';
import { Crowd, crowdHost, crowdMacs } from '../wire/support/crowd.ts';
import { SiteLab, sha256 } from '../wire/support/site-lab.ts';
import { type StormMachine, type StormPlan, type StormResult, stormHost } from '../wire/support/storm.ts';
import { INITRD, KERNEL, writeTemplate } from '../wire/support/template.ts';

const COUNT = 200;
const STARTS = 16;
/** The first wait of EDK2 before it repeats a DISCOVER. */
const EDK2_RETRY_MS = 4_000;
const lab = new SiteLab('br-storm', '10.76.0');
const machines: readonly StormMachine[] = Array.from({ length: COUNT }, (_, i) => ({
  mac: `02:5c:00:00:01:${i.toString(16).padStart(2, '0')}`,
  address: `${lab.net}.${10 + i}`,
}));
const BIG = new Uint8Array(2 * 1024 * 1024).map((_, index) => (index * 13) & 255);
let host: Host;

beforeAll(async () => {
  await lab.open();
  const assets = `    big:\n      amd64:\n        kernel: { source: "file://${lab.write('big', BIG)}", sha256: "${sha256(BIG)}", name: big }`;
  const profiles = '    big: { kind: live, boots: big }';
  const slots = machines.map(({ mac }, i) => ({ name: `pos-${i}`, mac, host: 10 + i }));
  const spare = { name: 'spare', mac: '02:5c:00:00:02:01', host: 251, profile: 'big' };
  writeTemplate(lab, { slots: [...slots, spare], pool: '+211..+249', assets, profiles });
  await lab.start();
  await lab.untilAssetsAreHere();
  host = await stormHost(lab, machines, 2);
});
afterAll(() => lab.end());

test(`${COUNT} machines at once all get their systems, ${STARTS} at a time, in the order in which they came`, async () => {
  const running = storm({ staggerMs: 2, askMs: 200 });
  await vi.waitFor(async () => expect((await lab.status()).queued).toBeGreaterThan(50), { timeout: 40_000 });
  await vi.waitFor(async () => {
    const { nodes } = await lab.ask<SiteNodes>('/api/v1/nodes');
    expect(nodes.map(({ sentence }) => sentence)).toContainEqual(
      expect.stringMatching(/waits for its turn: place \d+ in the queue/),
    );
  });
  const results = await running;
  expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
  expect(results.map(({ bytes }) => bytes)).toEqual(machines.map(() => KERNEL.length + INITRD.length));
  // How many must wait is a matter of how fast they come and go.
  expect(results.filter(({ places }) => places.length > 0).length).toBeGreaterThan(50);
  // What a place says never grows: nobody is overtaken in the queue.
  for (const { places } of results) expect(places).toEqual(places.toSorted((a, b) => b - a));
  const letIn = results.toSorted((a, b) => a.letInAt - b.letInAt);
  const came = results.toSorted((a, b) => a.askedAt - b.askedAt).map(({ mac }) => mac);
  const shifts = letIn.map(({ mac }, i) => Math.abs(came.indexOf(mac) - i));
  expect(Math.max(...shifts)).toBeLessThan(3 * STARTS);
  // The site counts a file as through when its last byte left, which is a little before it is heard here.
  expect(mostAtOnce(results)).toBeLessThan(2 * STARTS);
  expect((await lab.status()).queued).toBeUndefined();
});

test(`${COUNT} downloads at once leave DHCP and TFTP their turn`, async () => {
  const crowd = new Crowd(await crowdHost(lab, 'crowd', 252), {
    ...{ macs: crowdMacs(20, 3), seed: 7, retryMs: EDK2_RETRY_MS, pauseMs: 200 },
  });
  try {
    await crowd.moreAcks(20);
    const running = storm({ staggerMs: 0, askMs: 0, file: `/assets/sha256/${sha256(BIG)}/big` });
    const before = crowd.acks.length;
    const loader = await host.exec(['sh', '-c', loaderByTftp(`${lab.workDir}/got.efi`)]);
    const results = await running;
    expect(results.filter(({ error, bytes }) => error !== undefined || bytes !== BIG.length)).toEqual([]);
    const acks = crowd.acks
      .slice(before)
      .map(({ tookMs }) => tookMs)
      .sort((a, b) => a - b);
    expect(acks.length).toBeGreaterThan(20);
    // Nobody had to ask a second time.
    expect(acks.at(-1)).toBeLessThan(EDK2_RETRY_MS);
    expect(loader).toContain('whole');
  } finally {
    await crowd.stop();
  }
});

/** Firmware waits for a block of TFTP for a second or more, and starts at the loader anew when it does not come. */
function loaderByTftp(local: string): string {
  const options = '--option "blksize 1468" --option "timeout 1"';
  return `atftp ${options} --get -r snponly.efi -l ${local} ${lab.address} && cmp ${local} /usr/lib/ipxe/snponly.efi && echo whole`;
}

async function storm(plan: Omit<StormPlan, 'site' | 'machines'>): Promise<StormResult[]> {
  const whole: StormPlan = { site: lab.address, machines, ...plan };
  const program = `${import.meta.dirname}/../wire/support/storm-machines.ts`;
  const said = await host.exec([process.execPath, program, lab.write('storm.json', JSON.stringify(whole))]);
  return said
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as StormResult);
}

function mostAtOnce(results: readonly StormResult[]): number {
  const steps = results.flatMap(({ letInAt, doneAt }) => [[letInAt, 1] as const, [doneAt, -1] as const]);
  let [now, most] = [0, 0];
  for (const [, step] of steps.sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    now += step;
    most = Math.max(most, now);
  }
  return most;
}
