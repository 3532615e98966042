import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from '../../src/lab/command.ts';
import { isInsideNamespace } from '../../src/lab/namespace.ts';
import { createBridge, createHost, type Host } from '../../src/lab/network.ts';
import { type ConsoleStep, type DocBlock, findBlocks } from '../docs/console-blocks.ts';
import { type ConsoleSession, openSession, top } from '../docs/console-session.ts';
import { typeStep } from '../docs/console-step.ts';

const self = 'test/wire/readme.test.ts';
const site = 'http://10.20.0.2';
const mac = '52:54:00:12:34:56';
const smbios = 'manufacturer=Intel&product=NUC11TNH&serial=G6BN1001&uuid=5b5b5b5b-0001-4000-8000-525400123456';

let session: ConsoleSession;
let node: Host;
let running: ReturnType<ConsoleSession['start']> | undefined;

/** The machine that the README describes: an interface eth0 with the site's address, and a node on its cable. */
beforeAll(async () => {
  if (!isInsideNamespace()) throw new Error('run this with `npm run test:wire`, which makes a network of its own');
  session = openSession();
  await createBridge('eth0', '10.20.0.2/24');
  node = await createHost('pos-1', 'eth0', { mac });
});

afterAll(async () => {
  await running?.stop();
  await node?.close();
  if (isInsideNamespace()) await run(['ip', 'link', 'del', 'eth0']);
  session?.close();
});

it('the first real site of the README works as it is written', async () => {
  for (const block of blocksOf('README.md')) {
    if (block.kind === 'file') session.write(block.path, movedHere(block.text));
    for (const step of stepsHere(block)) await type('README.md', step);
  }
});

it('the commands look as docs/use/cli.md shows them', async () => {
  const steps = blocksOf('docs/use/cli.md').flatMap(stepsHere);
  expect(steps.length).toBeGreaterThan(2);
  for (const step of steps) await typeStep(session, 'docs/use/cli.md', step);
});

it('Ctrl-C ends the site', async () => {
  const ended = await running?.stop();
  running = undefined;
  expect(ended?.status).toBe(0);
});

function blocksOf(page: string): readonly DocBlock[] {
  return findBlocks(readFileSync(join(top, page), 'utf8'));
}

function stepsHere(block: DocBlock): readonly ConsoleStep[] {
  return block.kind === 'elsewhere' && block.testedBy.includes(self) ? block.steps : [];
}

/** The paths of the page lie outside of the test's folder; the digests in it are those of these two texts. */
function movedHere(text: string): string {
  const images = join(session.dir, 'images');
  mkdirSync(images, { recursive: true });
  writeFileSync(join(images, 'vmlinuz'), 'test');
  writeFileSync(join(images, 'initrd.img'), 'test2');
  return text.replaceAll('/srv/images', images).replaceAll('/var/lib/slipway', join(session.dir, 'data'));
}

async function type(page: string, step: ConsoleStep): Promise<void> {
  if (!step.command.startsWith('npx slipway site ')) return typeStep(session, page, step);
  running = session.start(step.command);
  await expect.poll(() => existsSync(join(session.dir, '../run/control.sock')), { timeout: 30_000 }).toBe(true);
  await switchOn();
}

/** What a node does from its lease to the end: asks for its script, loads what that names, and phones home. */
async function switchOn(): Promise<void> {
  await node.exec(['busybox', 'udhcpc', '-i', 'eth0', '-n', '-q', '-f', '-t', '10', '-s', '/bin/true']);
  await node.exec(['ip', 'address', 'add', '10.20.0.11/24', 'dev', 'eth0']);
  const script = await scriptToStart();
  for (const [, path] of script.matchAll(/(\/assets\/sha256\/\S+)/g)) await get(`${site}${path}`);
  const seed = /ds=nocloud-net;s=(\S+)/.exec(script)?.[1] ?? '';
  for (const file of ['meta-data', 'user-data', 'network-config']) await get(`${seed}${file}`);
  const home = /url: "?(http\S+phone-home)/.exec(await get(`${seed}vendor-data`))?.[1] ?? '';
  await node.exec(['curl', '-sSf', '--data', 'hostname=pos-1&instance_id=pos-1.1', home]);
}

/** Until its files are here the site tells it to wait, and to ask again. */
async function scriptToStart(): Promise<string> {
  const ask = () => get(`${site}/boot/script?mac=${mac}&${smbios}&platform=pcbios&buildarch=x86_64`);
  let script = await ask();
  await expect.poll(async () => (script = await ask()), { timeout: 20_000, interval: 500 }).toContain('/assets/');
  return script;
}

function get(url: string): Promise<string> {
  return node.exec(['curl', '-sSf', '--max-time', '20', url]);
}
