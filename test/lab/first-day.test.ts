import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { askSite } from '../../src/adapters/http/control-client.ts';
import { run } from '../../src/lab/command.ts';
import { createBridge, createHost, type Host } from '../../src/lab/network.ts';
import { startSite } from '../../src/lab/site-process.ts';
import type { SlipwayProcess } from '../../src/lab/slipway-process.ts';
import { type ConsoleStep, findBlocks, outputMatches } from '../docs/console-blocks.ts';
import { type ConsoleSession, openSession, top } from '../docs/console-session.ts';

// The page is played as it is written: head office and the desk are one machine, which is also the router of the store.
const PAGE = 'docs/use/first-day-head-office.md';
const MAC = '52:54:00:12:34:56';
const SITE = 'http://10.20.0.2';
/** What would last too long for a test: as the page has it, and here. */
const HASTE = [
  ['hub: { url: "https://hub.example.com:8443" }', 'hub: { url: "https://hub.example.com:8443", trial: 2s }'],
  ['--soak 30m', '--soak 1s'],
] as const;

let session: ConsoleSession;
let dir: string;
let box: Host;
let till: Host;
let hub: ReturnType<ConsoleSession['start']> | undefined;
let site: SlipwayProcess | undefined;
let code = '';

beforeAll(async () => {
  session = openSession();
  dir = mkdtempSync(join(tmpdir(), 'slipway-first-day-'));
  await createBridge('store', '10.20.0.1/24');
  [box, till] = await Promise.all([
    createHost('box', 'store', { address: '10.20.0.2/24' }),
    createHost('pos-1', 'store', { mac: MAC }),
  ]);
  writeFileSync(join(dir, 'hosts'), '127.0.0.1 localhost\n10.20.0.1 hub.example.com\n');
  await box.exec(['mount', '--bind', join(dir, 'hosts'), '/etc/hosts']);
});
afterAll(async () => {
  await Promise.all([site?.stop('SIGKILL'), hub?.stop()]);
  await Promise.all([box?.close(), till?.close()]);
  await run(['ip', 'link', 'del', 'store']);
  session?.close();
  rmSync(dir, { recursive: true, force: true });
});

it('the first day of head office goes as its page says', { timeout: 120_000 }, async () => {
  for (const block of findBlocks(readFileSync(join(top, PAGE), 'utf8'))) {
    if (block.kind === 'file') await write(block.path, here(block.text));
    else for (const step of block.steps) await type(step);
  }
});

/** Paths, and times that nobody waits for in a test. */
function here(text: string): string {
  const images = join(dir, 'images');
  mkdirSync(images, { recursive: true });
  writeFileSync(join(images, 'vmlinuz'), 'test');
  writeFileSync(join(images, 'initrd.img'), 'test2');
  const moved = text.replaceAll('/srv/images', images).replaceAll('/var/lib/slipway-hub', join(dir, 'hub'));
  return HASTE.reduce((all, [from, to]) => all.replaceAll(from, to), moved);
}

/** The site file is that of the box, which is switched on with it; all others lie at the desk. */
async function write(path: string, text: string): Promise<void> {
  if (path !== 'site.yaml') return session.write(path, text);
  const config = text.replace(/^dataDir: .*\n/m, '');
  const args = ['--fault', 'link-delay=0'];
  site = await startSite({ workDir: join(dir, 'box'), config, args, on: (argv) => box.argv(...argv), mayWait: true });
}

async function type(step: ConsoleStep): Promise<void> {
  if (step.command.startsWith('slipway hub --config')) {
    hub = session.start(step.command);
    await vi.waitFor(async () => expect((await session.run(atHub('slipway hub sites'))).status).toBe(0), WAITS);
    return;
  }
  if (step.command === 'slipway hub enrolments') await switchOn();
  // What the reader looks at until it is so.
  const isLook = /slipway (status|hub (publish show|enrolments|site))/.test(step.command);
  const look = async (): Promise<void> => {
    const command = here(step.command.replace('CODE', code));
    const { output, status } = await session.run(atHub(atBox(command)));
    code = /slipway join (\S+)/.exec(output)?.[1] && step.command.endsWith('store-0417') ? found(output) : code;
    const where = `${PAGE}:${step.line}: $ ${command}`;
    expect({ where, status }, output).toEqual({ where, status: 0 });
    if (!outputMatches(step.expected, output)) expect(output, where).toBe(`${step.expected.join('\n')}\n`);
  };
  await (isLook ? vi.waitFor(look, WAITS) : look());
}

const WAITS = { timeout: 30_000, interval: 1_000 };
const found = (output: string): string => /slipway join (\S+)/.exec(output)?.[1] ?? '';
const atHub = (command: string): string => command.replace(/^/, 'export SLIPWAY_HUB_SOCKET="$SLIPWAY_SOCKET"; ');
/** The commands of the box, by the word that they begin with. */
const atBox = (command: string): string =>
  /^slipway (join|status)\b/.test(command) ? `SLIPWAY_SOCKET='${site?.socket ?? ''}' ${command}` : command;

/** What a till does from its lease to the end. */
async function switchOn(): Promise<void> {
  await vi.waitFor(async () => {
    const { notReady } = await askSite<{ notReady: readonly string[] }>(site?.socket ?? '', '/api/v1/status');
    expect(notReady).toEqual([]);
  }, WAITS);
  await till.exec(['busybox', 'udhcpc', '-i', 'eth0', '-n', '-q', '-f', '-t', '10', '-s', '/bin/true']);
  await till.exec(['ip', 'address', 'add', '10.20.0.100/24', 'dev', 'eth0']);
  const script = await get(`${SITE}/boot/script?mac=${MAC}&serial=G6BN1001&platform=pcbios&buildarch=x86_64`);
  const seed = /ds=nocloud-net;s=(\S+)/.exec(script)?.[1] ?? expect.unreachable(script);
  await Promise.all(['meta-data', 'user-data', 'network-config'].map((file) => get(`${seed}${file}`)));
  const home = /url: "?(http\S+phone-home)/.exec(await get(`${seed}vendor-data`))?.[1] ?? '';
  await till.exec(['curl', '-sSf', '--data', 'hostname=pos-1&instance_id=pos-1.1', home]);
}

function get(url: string): Promise<string> {
  return till.exec(['curl', '-sSf', '--max-time', '20', url]);
}
