import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Argv, run } from '../../src/lab/command.ts';
import { type Ended, SiteLab, sha256, slipway } from './support/site-lab.ts';
import { fillDisk, mountTmpfs } from './support/small-disk.ts';
import { writeTemplate } from './support/template.ts';

/** Root without a single capability: permissions of files count for it, and ports below 1024 are not its own. */
const powerless: Argv = ['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--'];

const lab = new SiteLab('br-fault', '10.47.0');
let undo: (() => unknown)[] = [];

beforeAll(async () => {
  await lab.open();
  writeTemplate(lab);
});

afterEach(async () => {
  await lab.site?.stop();
  for (const step of undo.reverse()) await step();
  undo = [];
  rmSync(lab.dataDir, { recursive: true, force: true });
});

afterAll(() => lab.end());

/** Starts a site that cannot run and gives how it ended; `text` is the site file. */
async function tryToStart({
  text = lab.config(),
  on,
}: {
  text?: string;
  on?: (argv: Argv) => Argv;
} = {}): Promise<Ended> {
  const dataDir = text.includes('dataDir') ? '' : `dataDir: ${lab.dataDir}\n`;
  const config = lab.write('fault.yaml', `${text}${dataDir}`);
  const before = siteProcesses();
  const ended = await slipway(['site', '--config', config], {
    ...(on && { on }),
    env: { RUNTIME_DIRECTORY: join(lab.workDir, 'run') },
  });
  expect(siteProcesses()).toEqual(before);
  return ended;
}

/** One sentence with its code, one line that says what to do, and nothing else. */
function expectSentence(ended: Ended, status: number, sentence: RegExp, code: string): void {
  const [first = '', help = '', ...rest] = ended.err.split('\n');
  expect({ status: ended.status, first }).toEqual({ status, first: expect.stringMatching(sentence) });
  expect(first).toMatch(new RegExp(`^slipway: .* \\(${code}\\)$`));
  expect(help).toMatch(/^\S.*\.$/);
  expect(rest).toEqual(['']);
}

describe('a site that cannot start says so in one sentence', () => {
  it.each([67, 69])('UDP port %i is taken', async (port) => {
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    socket.bind(port, '0.0.0.0');
    await once(socket, 'listening');
    undo.push(() => socket.close());
    expectSentence(
      await tryToStart(),
      3,
      new RegExp(`UDP 10\\.47\\.0\\.1:${port}: another program has it`),
      'port-in-use',
    );
  });

  it('TCP port 80 is taken', async () => {
    const server = createServer();
    server.listen(80, lab.address);
    await once(server, 'listening');
    undo.push(() => server.close());
    expectSentence(await tryToStart(), 3, /TCP 10\.47\.0\.1:80/, 'port-in-use');
  });

  it('the interface is not there', async () => {
    const ended = await tryToStart({ text: lab.config().replace('br-fault }', 'br-none }') });
    expectSentence(ended, 2, /br-none.*there are .*br-fault/, 'interface-missing');
  });

  it('the interface has no address in the subnet', async () => {
    const ended = await tryToStart({ text: lab.config().replace('br-fault }', 'lo }') });
    expectSentence(
      ended,
      2,
      /lo has no address in 10\.47\.0\.0\/24: it has 127\.0\.0\.1\/8/,
      'interface-without-address',
    );
  });

  it('it may not open its ports', async () => {
    expectSentence(await tryToStart({ on: (argv) => [...powerless, ...argv] }), 2, /:80|:69|:67/, 'permission-denied');
  });

  it('the data directory cannot be made', async () => {
    const text = `${lab.config()}dataDir: ${join(lab.workDir, 'template.yaml', 'data')}\n`;
    const ended = await tryToStart({ text });
    expect(ended.status).toBe(3);
    expect(ended.err).toMatch(/^slipway: cannot make the directory .*ENOTDIR/);
  });

  it('the data directory is not its own', async () => {
    mkdirSync(lab.dataDir, { mode: 0o500 });
    const ended = await tryToStart({ on: (argv) => [...powerless, ...argv] });
    expectSentence(ended, 3, /\/data/, 'store-read-only');
  });

  it('the data directory is on a disk that is read-only', async () => {
    undo.push(await mountTmpfs(lab.dataDir, '4m'));
    // Only this view of it: the file system itself is not ours to change in a user namespace.
    await run(['mount', '-o', 'remount,bind,ro', lab.dataDir]);
    expectSentence(await tryToStart(), 3, /\/data/, 'store-read-only');
  });

  it('the disk is full', async () => {
    undo.push(await mountTmpfs(lab.dataDir, '4m'));
    fillDisk(lab.dataDir);
    expectSentence(await tryToStart(), 3, /\/data/, 'disk-full');
  });

  it('another site uses the data directory, and goes on', async () => {
    const site = await lab.start();
    expectSentence(await tryToStart(), 2, /slipway\.db/, 'store-locked');
    expect(await lab.status()).toMatchObject({ ready: true });
    expect(site.pid).toBeGreaterThan(0);
  });

  it.each([
    [
      'an unknown key',
      'site: wire\ninterfaces: { nodes: br-fault }\ntemplate: x.yaml\ncolour: red\n',
      /fault\.yaml:4:1 colour: /,
    ],
    ['a wrong value', 'site: Wire Shop\ninterfaces: { nodes: br-fault }\ntemplate: x.yaml\n', /fault\.yaml:1:7 site: /],
    ['a missing key', 'site: wire\ninterfaces: { nodes: br-fault }\n', /fault\.yaml:1:1 .*template/],
    ['no YAML', 'site: wire\ninterfaces: { nodes: br-fault\ntemplate: x.yaml\n', /fault\.yaml:\d+:\d+ /],
  ])('the site file has %s', async (_what, text, sentence) => {
    const ended = await tryToStart({ text });
    expect(ended.status).toBe(2);
    expect(ended.err).toMatch(sentence);
    expect(ended.err).toMatch(/\(config-invalid\)\nCorrect the line/);
  });

  it('the template is bad, and there never was a better one', async () => {
    const bad = lab.write(
      'bad.yaml',
      'apiVersion: slipway/v1\nkind: SiteTemplate\nmetadata: { name: bad }\nspec: { colour: red }\n',
    );
    const ended = await tryToStart({ text: lab.config().replace('template.yaml', 'bad.yaml') });
    expect(ended.status).toBe(2);
    expect(ended.err).toMatch(new RegExp(`${bad}:4:9 spec\\.colour: .*`));
    expect(ended.err).toMatch(/\(template-invalid\)\n/);
  });

  it('and when its fault is gone it starts', async () => {
    await lab.start();
    expect(await lab.status()).toMatchObject({ ready: true });
  });
});

describe('a database that cannot be used is named and kept byte for byte', () => {
  const damage = {
    damaged: ['store-damaged', 3, (path: string) => damagePages(path)],
    newer: ['store-newer', 2, (path: string) => setVersion(path, 99)],
    'that of another program': ['store-damaged', 3, (path: string) => replaceWithOther(path)],
    'no database': [
      'store-damaged',
      3,
      (path: string) => writeFileSync(path, 'these are not the bytes of a database\n'.repeat(300)),
    ],
  } as const;

  it.each(Object.entries(damage))('%s', async (_name, [code, status, harm]) => {
    await lab.start();
    await lab.site?.stop();
    const path = join(lab.dataDir, 'slipway.db');
    harm(path);
    const before = filesOf(lab.dataDir);
    expectSentence(await tryToStart(), status, /slipway\.db/, code);
    expect(filesOf(lab.dataDir)).toEqual(before);
  });
});

function damagePages(path: string): void {
  const bytes = readFileSync(path);
  bytes.fill(0x5a, 4096 + 100, Math.min(bytes.length, 6 * 4096));
  writeFileSync(path, bytes);
}

function setVersion(path: string, version: number): void {
  const db = new Database(path);
  db.pragma(`user_version = ${version}`);
  db.close();
}

function replaceWithOther(path: string): void {
  rmSync(path);
  const db = new Database(path);
  db.exec("create table accounts (name text); insert into accounts values ('somebody')");
  db.close();
}

/** Name and digest of each file in the folder itself. */
function filesOf(folder: string): readonly string[] {
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map(({ name }) => `${name} ${sha256(readFileSync(join(folder, name)))}`).sort();
}

/** Processes of this namespace that run a site. */
function siteProcesses(): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('\0site\0--config\0');
    } catch {
      return false;
    }
  });
}
