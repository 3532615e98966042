import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Host } from '../../src/lab/network.ts';
import type { Event } from '../../src/model/event.ts';
import type { SiteNodes } from '../../src/wire/api/views.ts';
import { SimMachine } from './support/machine.ts';
import { WITHIN } from './support/patience.ts';
import { runToEnd, SiteLab, slipway } from './support/site-lab.ts';
import { writeTemplate } from './support/template.ts';

const MAC = '52:54:00:4e:00:01';
const TALOS_MAC = '52:54:00:4e:00:02';
const VALUE = 'only-for-the-till';
const PIN = '471147';
const GUESS = 'A'.repeat(44);
const PROGRAM = new URL('support/talos-node.ts', import.meta.url).pathname;

const lab = new SiteLab('br-evil', '10.48.0');
const site = `http://${lab.address}`;
const TILL = `${lab.net}.11`;
const TALOS = `${lab.net}.12`;
let till: SimMachine;
let talos: SimMachine;
let evil: Host;
let owner: Host;
let seed = '';

type Answer = { readonly status: number; readonly body: string };
type Asking = { readonly from?: string; readonly headers?: readonly string[]; readonly more?: readonly string[] };

async function curl(host: Host, path: string, { from, headers = [], more = [] }: Asking = {}): Promise<Answer> {
  const as = from === undefined ? [] : ['--interface', from];
  const given = headers.flatMap((header) => ['-H', header]);
  const url = path.startsWith('http') ? path : `${site}${path}`;
  const argv = ['curl', '-sS', '--max-time', '10', '-w', '\n%{http_code}', ...as, ...given, ...more, url] as const;
  const { out, err } = await runToEnd(host.argv(...argv));
  expect(err, path).toBe('');
  const lines = out.trimEnd().split('\n');
  return { status: Number(lines.at(-1)), body: lines.slice(0, -1).join('\n') };
}

const post = (host: Host, path: string, { headers = [], ...asking }: Asking = {}, body = '{}'): Promise<Answer> => {
  const isTyped = headers.some((header) => header.startsWith('content-type'));
  const all = [...(isTyped ? [] : ['content-type: application/json']), ...headers];
  return curl(host, path, { ...asking, headers: all, more: ['--data', body, ...(asking.more ?? [])] });
};
const steal = (path: string, asking?: Asking): Promise<Answer> => curl(evil, path, asking);
const ask = (...args: string[]) => slipway([...args, '--socket', lab.site?.socket ?? '']);
const orderState = async (slot: string) => (await lab.node(slot)).node?.install?.orders[0]?.state;
const eventsOf = async (type: string): Promise<readonly Event[]> =>
  (await lab.ask<{ events: readonly Event[] }>(`/api/v1/events?limit=1000&type=${type}`)).events;
/** Everything that a command could change. */
const facts = async (): Promise<string> => {
  const { nodes } = await lab.ask<SiteNodes>('/api/v1/nodes');
  const orders = (node: (typeof nodes)[number]) => node.install?.orders.map(({ id, state, wipe }) => [id, state, wipe]);
  return JSON.stringify(
    nodes.map((node) => [node.slot, node.binding, node.machine?.id, node.install?.because, orders(node)]),
  );
};

beforeAll(async () => {
  await lab.open();
  const install = (completes: string, document: string, head: string): string =>
    `      kind: install
      boots: tiny
      cmdline: { ds: "nocloud-net;s=@{boot.url.nocloud}" }
      documents: { ${document}: { secret: true, text: "${head}token: @{secret.joinToken}\\n" } }
      install: { completes: ${completes}, attempts: 2, within: 20m }`;
  writeTemplate(lab, {
    slots: [
      { name: 'box-1', mac: MAC, host: 11, profile: 'box' },
      { name: 'box-2', mac: TALOS_MAC, host: 12, profile: 'talosbox' },
    ],
    profiles: `    box:\n${install('phone-home', 'user-data', '#cloud-config\\n')}\n    talosbox:\n${install('talos-running', 'talos', '')}`,
    more: '  secrets: { joinToken: {} }',
  });
  const pinFile = lab.write('pin', `${PIN}\n`, 0o600);
  const place = lab.write('join-token', VALUE, 0o600);
  const more = `pinFile: ${pinFile}\nsecrets: { joinToken: { file: ${place} } }\nsignals: { eventSink: 3002 }\n`;
  await lab.start({ config: lab.config(more) });
  await lab.untilAssetsAreHere();
  await ask('arm');
  till = await SimMachine.plugIn(lab, 'till', MAC);
  talos = await SimMachine.plugIn(lab, 'talos', TALOS_MAC);
  evil = await lab.host('evil', { address: `${lab.net}.77/24` });
  owner = await lab.host('owner', { address: `${lab.net}.78/24` });
  const script = await powerOn(till, MAC);
  seed = new URL(/ds=nocloud-net;s=(http\S+)/.exec(script)?.[1] ?? '').pathname;
  expect(seed).toMatch(/^\/t\/[\w-]{44}\/$/);
  await powerOn(talos, TALOS_MAC);
});

afterAll(() => lab.end());

async function powerOn(machine: SimMachine, mac: string): Promise<string> {
  await machine.dhcp({ vendorClass: 'PXEClient:Arch:00007:UNDI:003016', send: ['0x5d:0007'] });
  const path = `/boot/script?mac=${mac}&platform=efi&buildarch=x86_64`;
  return vi.waitFor(async () => {
    const script = await machine.get(path);
    expect(script).toContain('/assets/');
    return script;
  }, WITHIN);
}

/** The neighbour has the address of somebody else, who is gone, or comes back. */
async function takeOver(victim: SimMachine, address: string): Promise<() => Promise<void>> {
  await victim.host.exec(['ip', 'address', 'flush', 'dev', 'eth0']);
  await evil.exec(['ip', 'address', 'add', `${address}/24`, 'dev', 'eth0']);
  // It asks who the site is, and so tells the site who has the address now.
  await evil.exec(['ip', 'neigh', 'flush', 'all']);
  return async () => {
    await evil.exec(['ip', 'address', 'del', `${address}/24`, 'dev', 'eth0']);
    await victim.host.exec(['ip', 'address', 'add', `${address}/24`, 'broadcast', '+', 'dev', 'eth0']);
    await victim.host.exec(['ip', 'neigh', 'flush', 'all']);
  };
}

describe('a neighbour who wants a configuration', () => {
  it.each(['/nocloud/52-54-00-4e-00-01/user-data', '/nocloud/box-1/user-data', '/store/box-1/user-data'])(
    'is told by name %s what a machine without a slot is told',
    async (path) => {
      expect(await steal(path)).toEqual({ status: 503, body: 'waiting: no slot for it yet\n' });
    },
  );

  it.each(['/documents/box-2/talos', `/documents/talos?mac=${TALOS_MAC}`])('is told the same at %s', async (path) => {
    expect(await steal(path)).toEqual({ status: 503, body: 'waiting: no slot for it yet\n' });
  });

  it('opens nothing with a token that it guessed, or found on the wire', async () => {
    expect(await steal(`/t/${GUESS}/user-data`)).toEqual({ status: 403, body: '' });
    expect(await steal(`${seed}user-data`)).toEqual({ status: 403, body: '' });
    expect(await steal(`${seed}vendor-data`)).toEqual({ status: 403, body: '' });
  });

  it.each([
    `X-Forwarded-For: ${TILL}`,
    `X-Real-IP: ${TILL}`,
    `Forwarded: for=${TILL}`,
    `Client-IP: ${TILL}`,
    `Host: ${TILL}`,
    `Via: 1.1 ${TILL}`,
  ])('is believed nothing of %s', async (header) => {
    expect(await steal(`${seed}user-data`, { headers: [header] })).toEqual({ status: 403, body: '' });
    expect((await steal('/nocloud/box-1/user-data', { headers: [header] })).status).toBe(503);
  });

  it('is given no token in the name of somebody else', async () => {
    const { body } = await steal(`/boot/script?mac=${MAC}&platform=efi&buildarch=x86_64`);
    expect(body).toMatch(/^#!ipxe/);
    expect(body).not.toMatch(/\/[tr]\/[\w-]{20}/);
    expect((await steal('/nocloud/box-1/vendor-data')).body).not.toContain('/r/');
  });

  it('is given none by TFTP either, and spends no try of an order by asking from the address of the machine', async () => {
    const name = `grub/ask/mac=${MAC}&buildarch=x86_64&platform=efi&step=kernel`;
    const told = await runToEnd(evil.argv('curl', '-sS', '--max-time', '10', `tftp://${lab.address}/${name}`));
    expect(told.out).toContain('function slipway_answer');
    expect(told.out).toContain('another machine than');
    expect(told.out).not.toMatch(/\/[tr]\/[\w-]{20}/);
    const heard = async () => {
      const { node, boots } = await lab.node('box-1');
      const tries = node?.install?.orders.map(({ attempts }) => attempts);
      return JSON.stringify([await facts(), tries, boots.map(({ stages }) => stages)]);
    };
    const before = await heard();
    const forge = `
import socket
for port in range(3000, 3040):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_IP, 19, 1) # IP_TRANSPARENT: the address of somebody else
    s.bind(("${TILL}", port))
    s.sendto(b"\\0\\1${name}\\0octet\\0", ("${lab.address}", 69))`;
    await evil.exec(['python3', '-c', forge]);
    // They are being answered, and all that could still come is that they end in silence.
    await vi.waitFor(
      async () => expect(await lab.metrics()).toMatch(/^slipway_tftp_total\{kind="active"\} [1-9]/m),
      WITHIN,
    );
    expect(await heard()).toBe(before);
    expect(await orderState('box-1')).toBe('open');
  });

  it('is known by its card also at the leased address of the machine', async () => {
    const giveBack = await takeOver(till, TILL);
    const from = TILL;
    expect(await steal(`${seed}user-data`, { from })).toEqual({ status: 403, body: '' });
    expect((await steal('/nocloud/box-1/user-data', { from })).status).toBe(503);
    expect((await steal('/nocloud/box-1/vendor-data', { from })).body).not.toContain('/r/');
    const { body } = await steal(`/boot/script?mac=${MAC}&platform=efi&buildarch=x86_64`, { from });
    expect(body).not.toMatch(/\/t\/[\w-]{20}/);
    await giveBack();
    expect(await orderState('box-1')).toBe('open');
  });

  it('does not keep the machine itself from its own, and has nothing of it once the install is confirmed', async () => {
    expect(await till.get(`${seed}user-data`)).toContain(VALUE);
    const home = /url: ["']?(http\S+?phone-home)/.exec(await till.get(`${seed}vendor-data`))?.[1] ?? '';
    expect(await till.phoneHome(home)).toBe(200);
    expect(await orderState('box-1')).toBe('confirmed');
    const alarms = (await eventsOf('secret-refused')).length;
    expect(await till.get(`${seed}user-data`)).toBe('#cloud-config\n{}');
    expect((await eventsOf('secret-refused')).length).toBe(alarms);
    expect(await steal(`${seed}user-data`)).toEqual({ status: 403, body: '' });
    const giveBack = await takeOver(till, TILL);
    expect(await steal(`${seed}user-data`, { from: TILL })).toEqual({ status: 403, body: '' });
    await giveBack();
  });

  it('cannot say for another machine that it runs', async () => {
    await talos.dhcp();
    expect(await talos.get('/documents/box-2/talos')).toContain(VALUE);
    expect(await orderState('box-2')).toBe('installing');
    const running = JSON.stringify(['r1', 'MachineStatusEvent', { stage: 4, status: { ready: true } }]);
    const say = (host: Host) => host.exec([process.execPath, PROGRAM, 'events', lab.address, '3002', running]);
    const giveBack = await takeOver(talos, TALOS);
    await evil.exec(['ip', 'address', 'del', `${lab.net}.77/24`, 'dev', 'eth0']);
    const unknown = async () => Number(/kind="unknown"\} (\d+)/.exec(await lab.metrics())?.[1]);
    const before = await unknown();
    // Its only address left is the stolen one; deleting the first may take the second along.
    await evil.exec(['ip', 'address', 'replace', `${TALOS}/24`, 'dev', 'eth0']);
    await evil.exec(['ip', 'neigh', 'flush', 'all']);
    await say(evil);
    expect(await unknown()).toBeGreaterThan(before);
    expect(await orderState('box-2')).toBe('installing');
    await giveBack();
    await evil.exec(['ip', 'address', 'replace', `${lab.net}.77/24`, 'dev', 'eth0']);
    const itself = JSON.stringify(['r2', 'MachineStatusEvent', { stage: 4, status: { ready: true } }]);
    await talos.host.exec([process.execPath, PROGRAM, 'events', lab.address, '3002', itself]);
    expect(await orderState('box-2')).toBe('confirmed');
  });

  it('is an alarm with what to do, and no flood of them', async () => {
    const refused = await eventsOf('secret-refused');
    expect(refused.length).toBeGreaterThanOrEqual(4);
    expect(refused.every(({ sentence }) => sentence.includes(`${lab.net}.`))).toBe(true);
    const { out } = await ask('status');
    expect(out).toMatch(
      /^ALARM .*A secret was asked for from 10\.48\.0\.77 and refused.*\n +What to do: find out what/m,
    );
    await steal(`/t/${GUESS}/user-data?[1-300]`, { more: ['-o', '/dev/null'] });
    expect((await eventsOf('secret-refused')).length).toBeLessThan(refused.length + 10);
    expect(JSON.stringify(lab.log())).not.toContain(VALUE);
  });
});

const COMMANDS = [
  ['arm', '{}'],
  ['slots/box-1/claim', '{"code":"ZZZZ"}'],
  ['slots/box-1/replace', '{"code":"ZZZZ"}'],
  ['slots/box-1/release', '{}'],
  ['slots/box-1/reinstall', '{}'],
  ['slots/box-1/reinstall', '{"wipe":true}'],
  ['slots/box-1/hold', '{}'],
  ['slots/box-2/confirm', '{}'],
] as const;
const rightPin = `slipway-pin: ${PIN}`;

describe('a hostile web page in a browser of the store', () => {
  it.each([
    ['by a name of its own (DNS rebinding)', 'Host: evil.example'],
    ['by a name that begins with our address', `Host: ${lab.address}.evil.example`],
    ['from its own origin', 'Origin: http://evil.example'],
    ['from a sandbox or a file', 'Origin: null'],
    ['from another port of this box', `Origin: ${site}:5000`],
    ['as the browser says', 'Sec-Fetch-Site: cross-site'],
  ])('gets no command and no answer through %s, with the right PIN neither', async (_, header) => {
    const before = await facts();
    for (const [path, body] of COMMANDS) {
      const { status } = await post(owner, `/api/v1/${path}`, { headers: [rightPin, header] }, body);
      expect(status, path).toBe(403);
    }
    for (const path of ['nodes', 'status', 'events', 'nodes/box-1', 'secrets']) {
      const { status, body } = await curl(owner, `/api/v1/${path}`, { headers: [header] });
      expect([status, body.includes('box-1')], path).toEqual([403, false]);
    }
    const stream = await curl(owner, '/api/v1/events', { headers: [header, 'accept: text/event-stream'] });
    expect(stream.status).toBe(403);
    expect(await facts()).toBe(before);
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain;application/json',
  ])('gets no command through a form of the type %s', async (type) => {
    const before = await facts();
    for (const [path, body] of COMMANDS) {
      const { status } = await post(owner, `/api/v1/${path}`, { headers: [rightPin, `content-type: ${type}`] }, body);
      expect(status, path).toBeGreaterThanOrEqual(400);
    }
    expect(await facts()).toBe(before);
  });

  it('is allowed nothing by a preflight, and may embed and guess nothing', async () => {
    const headers = ['Origin: http://evil.example', 'Access-Control-Request-Method: POST'];
    const asked = ['Access-Control-Request-Headers: slipway-pin', 'Access-Control-Request-Private-Network: true'];
    const more = ['-i', '-X', 'OPTIONS'];
    const preflight = await curl(owner, '/api/v1/arm', { headers: [...headers, ...asked], more });
    expect(preflight.status).toBe(403);
    const paths = ['/api/v1/status', '/healthz', '/boot.ipxe', '/nocloud/box-1/meta-data', '/none'];
    const answers = await Promise.all(paths.map((path) => curl(owner, path, { more: ['-i'] })));
    for (const { body } of [preflight, ...answers]) {
      expect(body).not.toMatch(/^access-control/im);
      expect(body).toMatch(/^content-security-policy: default-src 'none'; frame-ancestors 'none'/im);
      expect(body).toMatch(/^x-content-type-options: nosniff/im);
    }
  });

  it('is an alarm', async () => {
    const refused = await eventsOf('command-refused');
    expect(refused.map(({ data }) => data?.['because'])).toContain('it is not addressed to an address of this site');
    expect((await ask('status')).out).toMatch(/^ALARM .* from 10\.48\.0\.78 was refused.*\n +What to do: if nobody/m);
  });
});

describe('a neighbour who gives commands', () => {
  it('is refused without the PIN and with a wrong one, whatever it wants', async () => {
    const before = await facts();
    for (const [path, body] of COMMANDS.filter(([path]) => !path.endsWith('/claim')))
      for (const headers of [[], ['slipway-pin: 0815']])
        expect((await post(evil, `/api/v1/${path}`, { headers }, body)).status, path).toBe(403);
    expect(await facts()).toBe(before);
  });

  it('fills no slot without the code on a screen, and none that is not empty', async () => {
    const before = await facts();
    const { status, body } = await post(evil, '/api/v1/slots/box-1/claim', {}, '{"code":"ZZZZ"}');
    expect([status, body]).toEqual([409, expect.stringContaining('no machine shows this code now')]);
    expect(await facts()).toBe(before);
  });

  it('who guesses PINs locks itself out, and not the people of the site', async () => {
    const hold = '/api/v1/slots/box-2/hold';
    expect((await post(owner, hold, { headers: [rightPin] })).status).toBe(200);
    // The right one is not looked at any more, else it would be found in the end.
    expect((await post(evil, hold, { headers: [rightPin] })).status).toBe(403);
    expect((await post(owner, hold, { headers: [rightPin] }, '{"on":false}')).status).toBe(200);
  });

  it('who guesses from many addresses is stopped, and who gave the PIN before is not', async () => {
    const hold = '/api/v1/slots/box-2/hold';
    for (let n = 80; n < 90; n++) {
      await evil.exec(['ip', 'address', 'add', `${lab.net}.${n}/24`, 'dev', 'eth0']);
      await post(evil, `${hold}?[1-5]`, {
        from: `${lab.net}.${n}`,
        headers: ['slipway-pin: 1234'],
        more: ['-o', '/dev/null'],
      });
    }
    const stopped = await post(till.host, hold, { headers: [rightPin] });
    expect(stopped).toMatchObject({ status: 403, body: expect.stringContaining('several addresses') });
    expect((await post(owner, hold, { headers: [rightPin] })).status).toBe(200);
    expect((await ask('hold', 'box-2', '--off')).status).toBe(0);
  });

  it('who never stops fills neither the events nor the log', async () => {
    const size = () => statSync(join(lab.workDir, 'site.log')).size;
    const before = { events: (await eventsOf('command-refused')).length, log: size() };
    await post(evil, '/api/v1/arm?[1-1000]', { more: ['-o', '/dev/null'] });
    expect((await eventsOf('command-refused')).length - before.events).toBeLessThan(4);
    expect(size() - before.log).toBeLessThan(200_000);
    expect(before.events).toBeGreaterThan(3);
  });
});
