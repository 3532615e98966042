import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readRequest } from '../packets/hex.ts';
import { type BesiegedSite, besiege, createDice, get, HONEST, POS_MAC } from './support/besieged-site.ts';
import { flood, say } from './support/flood.ts';
import { mutateBytes, mutateText } from './support/mutate.ts';
import { confirmAtRandom, rrq } from './support/tftp-client.ts';

/** How long it goes on; by hand as long as one likes. */
const SECONDS = Number(process.env['SLIPWAY_FUZZ_SECONDS'] ?? 8);
const KERNEL_LOG = 6050;
const requests = readdirSync(new URL('../packets/requests', import.meta.url)).map((file) =>
  readRequest(file.replace('.hex', '')),
);
const dice = createDice();
const oneOf = <T>(list: readonly T[]): T => list[dice.number(list.length)] as T;

let site: BesiegedSite;
beforeAll(async () => {
  site = await besiege('everything', { config: `signals: { kernelLog: ${KERNEL_LOG} }`, lookDelayMs: 1_500 });
});
afterAll(() => site?.end());

/** Of each file that TFTP serves and each that it makes up. */
const names = () => [
  'boot.ipxe',
  'grub/grub.cfg',
  `grub/ask/mac=${POS_MAC}&buildarch=x86_64&platform=efi&waited=00012&step=kernel&uuid=&serial=CZC1&product=PC`,
  `grub/ask/mac=52:54:03:00:00:${dice.number(90) + 10}&buildarch=arm64&platform=efi&serial=${dice.number(99_999)}`,
  site.asset.path.slice(1),
  'assets/sha256/0000000000000000000000000000000000000000000000000000000000000000/kernel',
  'snponly.efi',
  'e8271e00/start4.elf',
  'd8-3a-dd-e8-27-1e/config.txt',
];
const paths = () => [
  '/boot.ipxe',
  '/autoexec.ipxe',
  '/healthz',
  `/boot/script?mac=${POS_MAC}&platform=efi&buildarch=x86_64&waited=2&serial=CZC1&product=PC&step=kernel&errno=0x4c0a6092`,
  '/boot/loader/snponly.efi',
  '/boot/loader/shimx64.efi',
  site.asset.path,
  `/nocloud/${POS_MAC}/user-data`,
  `/t/${'A'.repeat(44)}/user-data`,
  '/api/v1/nodes',
  '/api/v1/events?limit=5&type=boot',
  '/metrics',
];
const line =
  '{"talos-level":"info","msg":"usb 1-1: device descriptor read/64, error -71","clock":1,"facility":"kern","seq":7}';

/** How many came by TFTP. */
let blocks = 0;

/** One way to trouble each door of the site; each is called again and again. */
const attacks: Readonly<Record<string, () => Promise<unknown>>> = {
  'DHCP, 67': () => flood({ port: 67, count: 200, make: () => mutateBytes(oneOf(requests), dice) }),
  'boot server, 4011': () => flood({ port: 4011, count: 200, make: () => mutateBytes(oneOf(requests), dice) }),
  'DHCP client of the look for other servers, 68': () =>
    flood({ port: 68, count: 100, make: () => asReply(mutateBytes(oneOf(requests), dice)) }),
  'TFTP, 69': () =>
    flood({
      port: 69,
      count: 100,
      sockets: 10,
      make: () => mutateBytes(rrq(Buffer.from(mutateText(oneOf(names()), dice), 'latin1')), dice),
    }),
  'names by TFTP': () =>
    flood({
      port: 69,
      count: 100,
      sockets: 10,
      make: () => rrq(Buffer.from(mutateText(oneOf(names()), dice), 'latin1')),
    }),
  'transfers by TFTP': async () => {
    const fetched = await Promise.all(Array.from({ length: 4 }, () => confirmAtRandom(site.asset, dice)));
    expect(fetched.flatMap(({ wrong }) => wrong)).toEqual([]);
    for (const { came } of fetched) blocks += came;
  },
  'kernel log': () =>
    flood({ port: KERNEL_LOG, count: 100, make: () => mutateBytes(Buffer.from(mutateText(line, dice)), dice) }),
  'HTTP paths': askAtOnce,
  'HTTP bytes': () =>
    Promise.all(
      Array.from({ length: 5 }, () =>
        say(mutateBytes(Buffer.from(`GET ${oneOf(paths())} HTTP/1.1\r\nHost: x\r\nRange: bytes=0-9\r\n\r\n`), dice)),
      ),
    ),
};

/** op 2, as an answer has it. */
function asReply(bytes: Uint8Array): Uint8Array {
  if (bytes.length > 0) bytes[0] = 2;
  return bytes;
}

async function askAtOnce(): Promise<void> {
  const asked = Array.from({ length: 20 }, () => mutateText(oneOf(paths()), dice).replace(/[^\x21-\x7e]/g, ''));
  const method = oneOf(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']);
  const range = `bytes=${mutateText('0-1,5-,-7', dice).replace(/[^\x21-\x7e]/g, '')}`;
  const answers = await Promise.all(
    // Events never end.
    asked.map((path) => get(`/${path.replace(/^\/+/, '')}`, { method, headers: { range } })),
  );
  for (const [i, { status, body }] of answers.entries()) {
    expect(status === 503 || status < 500, `${method} ${asked[i]}: ${status} ${body}`).toBe(true);
    expect(body).not.toMatch(/root:|\n +at .*\.ts:\d/);
  }
}

test(`whatever comes to its ports in ${SECONDS} seconds, the site serves`, {
  timeout: (SECONDS + 60) * 1_000,
}, async () => {
  const before = site.cost();
  const until = performance.now() + SECONDS * 1_000;
  const rounds = new Map<string, number>();
  // The look for other servers has its port only while it looks, which it does soon after the start.
  let wasPort68Open = false;
  while (performance.now() < until || !wasPort68Open) {
    wasPort68Open ||= /:0044 /.test(readFileSync('/proc/net/udp', 'utf8'));
    for (const [name, attack] of Object.entries(attacks)) {
      await attack();
      rounds.set(name, (rounds.get(name) ?? 0) + 1);
    }
  }
  expect(Math.min(...rounds.values())).toBeGreaterThan(0);
  expect(blocks).toBeGreaterThan(0);
  await site.checkServes(5_000);
  const after = site.cost();
  expect(after.rssMiB - before.rssMiB).toBeLessThan(150);
  expect(after.logBytes - before.logBytes).toBeLessThan(2_000_000 + SECONDS * 20_000);
  expect(site.log()).not.toMatch(/through a bug|up a bug|failed in the background|could not begin|"level":"fatal"/);
  // Transfers that nobody confirms end by themselves.
  await expect.poll(() => site.cost().descriptors, { timeout: 30_000 }).toBeLessThanOrEqual(before.descriptors + 8);
  const { events } = JSON.parse((await get('/api/v1/events?limit=1000', { from: HONEST })).body) as {
    events: readonly { readonly sentence: string }[];
  };
  for (const { sentence } of events) expect(sentence).toMatch(/^[^\p{Cc}\u202e]*$/u);
  expect(events.length).toBeLessThan(400 + SECONDS * 10);
});
