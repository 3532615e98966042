import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BesiegedSite, besiege, createDice, get, HONEST, POS_MAC, SITE_ADDRESS } from './support/besieged-site.ts';
import { openConnections, say } from './support/flood.ts';

const dice = createDice();
let site: BesiegedSite;
beforeAll(async () => {
  site = await besiege('http');
});
afterAll(() => site?.end());

type Nodes = { readonly nodes: readonly { readonly state: string; readonly binding?: number }[] };
type Events = { readonly events: readonly { readonly seq: number; readonly sentence: string }[] };

async function ask<T>(path: string): Promise<T> {
  return JSON.parse((await get(path, { from: HONEST })).body) as T;
}

function askOverSocket(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const ask = request({ socketPath: site.process.socket, path }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    ask.on('error', reject).end();
  });
}

describe('one client cannot take the site from the others', () => {
  test.each([
    ['that say nothing', ''],
    ['that never end their head', 'GET /healthz HTTP/1.1\r\nX: '],
    ['that never end their body', 'POST /r/x/report HTTP/1.1\r\nContent-Length: 60000\r\n\r\n{'],
    ['that never read a file', 'ASSET'],
    [
      'that never read events',
      `GET /api/v1/events HTTP/1.1\r\nHost: ${SITE_ADDRESS}\r\nAccept: text/event-stream\r\n\r\n`,
    ],
  ])('with a thousand connections %s', async (_what, text) => {
    const before = site.cost();
    const head = text === 'ASSET' ? `GET ${site.asset.path} HTTP/1.1\r\n\r\n` : text;
    const sockets = await openConnections(1_000, head);
    await site.checkServes();
    const during = site.cost();
    expect(during.descriptors - before.descriptors).toBeLessThan(150);
    expect(during.rssMiB - before.rssMiB).toBeLessThan(250);
    for (const socket of sockets) socket.destroy();
    await expect.poll(() => site.cost().descriptors).toBeLessThanOrEqual(before.descriptors + 4);
  });
});

describe('nonsense is answered with a 4xx, and never with a file or a bug', () => {
  test.each([
    '/..%2f..%2fetc/shadow',
    '//etc/shadow',
    '/%00',
    '/%',
    '/assets/sha256/..%2f..%2f..%2ftoken.key/x',
    '/assets/sha256/%00/x',
    '/boot/loader/',
    '/boot/loader/__proto__',
    '/boot/loader/constructor',
    '/boot/loader/..%2f..%2f..%2fetc%2fshadow',
    '/boot/loader/%00',
    '/boot/loader/snponly.efi%00.txt',
    `/boot/loader/${'a'.repeat(5_000)}`,
    '/boot/grub.cfg',
    '/nocloud/__proto__/user-data',
    '/nocloud/constructor/user-data',
    '/nocloud/..%2f..%2f/meta-data',
    '/nocloud/%1b%5b2J%0a/meta-data',
    '/api/v1/nodes/__proto__',
    '/api/v1/events?limit=99999999',
    '/api/v1/events?type=%0a',
    '/t/../user-data',
    `/t/${'A'.repeat(44)}/user-data`,
    `/${'a'.repeat(10_000)}`,
  ])('%s', async (path) => {
    const { status, body } = await get(path);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(body).not.toMatch(/root:|\.ts:\d|[^\P{Cc}\n]/u);
  });

  test('ranges of all kinds', async () => {
    const ranges = [
      'bytes=0-0,'.padEnd(9_000, '1-1,'),
      'bytes=-0',
      'bytes=9-2',
      'bytes=99999999999999999999-',
      'bytes=a-b',
    ];
    const answers = await Promise.all(ranges.map((range) => get(site.asset.path, { headers: { range } })));
    expect(answers.map(({ status }) => status)).toEqual([200, 416, 200, 416, 200]);
  });

  test('the paths of nodes over the Unix socket, which has no address', async () => {
    const paths = [
      '/boot.ipxe',
      `/boot/script?mac=${POS_MAC}`,
      '/nocloud/pos-1/user-data',
      '/../x',
      '/r/x/report',
      '/%',
    ];
    const answers = await Promise.all(paths.map(askOverSocket));
    expect(answers.filter((status) => status >= 500)).toEqual([]);
  });

  test('bytes that are not HTTP', async () => {
    const heads = [
      'GET / HTTP/9.9\r\n\r\n',
      'POST /r/x/report HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      'POST /r/x/report HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n',
      'POST /r/x/report HTTP/1.1\r\nContent-Length: -1\r\n\r\n',
      `GET / HTTP/1.1\r\nX: ${'y'.repeat(1_000_000)}\r\n\r\n`,
      'GET /\r\n\r\n',
    ];
    for (const head of heads) expect(await say(head)).toMatch(/^(HTTP\/1\.1 4|$)/);
    for (let i = 0; i < 300; i++) await say(dice.bytes(dice.number(400)));
    await site.checkServes();
    expect(site.log()).not.toContain('failed through a bug');
  });
});

describe('a stranger that speaks for pos-1', () => {
  test('cannot enrol it, by a token that is forged, cut off or of another use', async () => {
    const mine = (await get(`/nocloud/${POS_MAC}/vendor-data`)).body;
    expect(mine).not.toMatch(/\/r\/[\w-]{44}/);
    const token = Buffer.from([0, ...POS_MAC.split(':').map((pair) => Number.parseInt(pair, 16)), ...dice.bytes(26)]);
    const tokens = [
      token.toString('base64url'),
      token.toString('base64url').slice(0, 43),
      'A'.repeat(44),
      '%00',
      '..%2f',
    ];
    const answers = await Promise.all(
      tokens.map((text) => get(`/r/${text}/phone-home`, { method: 'POST', body: 'hostname=x&'.repeat(5_000) })),
    );
    expect(answers.every(({ status }) => status >= 400 && status < 500)).toBe(true);
    expect((await ask<Nodes>('/api/v1/nodes')).nodes[0]?.state).not.toBe('enrolled');
  });

  test('writes little, unseats nobody, and puts nothing into a script or on a terminal', async () => {
    const words = [
      `$\{net0/mac}`,
      '||',
      '; shell',
      '&& sanboot',
      '\n echo',
      '\\',
      '# x',
      '\u001b[2J',
      '`id`',
      '\u202e',
    ];
    const query = (i: number) =>
      `uuid=00000000-0000-4000-8000-${String(i).padStart(12, '0')}&giveup=${i % 2}&errno=1&step=kernel` +
      ['serial', 'manufacturer', 'product']
        .map((n) => `&${n}=${encodeURIComponent(`X${words[i % words.length]}Y`)}`)
        .join('');
    await get(`/boot/script?mac=${POS_MAC}&serial=TRUE`, { from: HONEST });
    await expect.poll(async () => (await ask<Nodes>('/api/v1/nodes')).nodes[0]?.binding).toBe(1);
    for (let i = 0; i < 400; i += 20) {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, k) => get(`/boot/script?mac=${POS_MAC}&${query(i + k)}`)),
      );
      for (const { body } of answers) {
        expect(body).not.toMatch(/X\$\{|X\|\||^; shell/m);
        expect(body).not.toMatch(/[^\P{Cc}\n]|\u202e/u);
      }
    }
    await site.checkServes();
    expect((await ask<Nodes>('/api/v1/nodes')).nodes[0]?.binding).toBe(1);
    const { events } = await ask<Events>('/api/v1/events?order=newest&limit=1000');
    expect(events.length).toBeLessThan(600);
    for (const { sentence } of events) expect(sentence).toMatch(/^[^\p{Cc}\u202e]*$/u);
  });
});
