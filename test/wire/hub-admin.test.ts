import { execFile, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageFile } from '../../src/adapters/node/package-file.ts';
import { x509 } from '../../src/adapters/node/x509.ts';
import { startHub } from '../../src/lab/hub-process.ts';
import type { SlipwayProcess } from '../../src/lab/slipway-process.ts';

const run = promisify(execFile);
const BASE = 'http://127.0.0.1:18440/api/v1';
const CONFIG = [
  'hub: head-office',
  'link: { listen: "127.0.0.1:18443", url: "https://127.0.0.1:18443" }',
  'admin: { listen: "127.0.0.1:18440" }',
].join('\n');

let folder: string;
let hub: SlipwayProcess;
const files: Record<string, string> = {};

/** `slipway hub …`; a failure is its exit status and what it said. */
async function slipway(...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [packageFile('bin/slipway.js'), 'hub', ...args]).catch((failed) => {
    throw new Error(`status ${failed.code}: ${failed.stderr}`);
  });
  return stdout;
}
const onSocket = (...args: string[]) => slipway(...args, '--socket', hub.socket);

/** A program that nobody here wrote: status and body. */
async function curl(role: string | undefined, path: string, ...more: string[]): Promise<[string, string]> {
  const token = role === undefined ? [] : ['-H', `Authorization: Bearer ${files[role]}`];
  const { stdout } = await run('curl', ['-s', '-w', '\n%{http_code}', ...token, ...more, `${BASE}/${path}`]);
  const end = stdout.lastIndexOf('\n');
  return [stdout.slice(end + 1), stdout.slice(0, end)];
}
const json = ['-H', 'Content-Type: application/json', '-d'];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-hub-admin-'));
  hub = await startHub({ workDir: folder, config: CONFIG });
  // Each start of a command costs a second of a busy machine: one by the command line, the others with it.
  files['admin'] = JSON.parse(await onSocket('tokens', 'new', 'a-admin', '--role', 'admin', '--json')).token;
  for (const role of ['read', 'operate']) {
    const [, made] = await curl('admin', 'tokens', ...json, JSON.stringify({ name: `a-${role}`, role }));
    files[role] = JSON.parse(made).token;
  }
  await writeFile(join(folder, 'read.token'), `${files['read']}\n`, { mode: 0o600 });
});
afterAll(async () => {
  await hub?.stop();
  await rm(folder, { recursive: true, force: true });
});

it('tells curl what it may do, by its token', async () => {
  expect((await curl(undefined, 'fleet'))[0]).toBe('401');
  expect((await curl(undefined, 'openapi.json'))[0]).toBe('200');
  const [status, body] = await curl('read', 'fleet');
  expect([status, JSON.parse(body).you]).toEqual(['200', { name: 'a-read', role: 'read' }]);
  const asRole = async (role: string) => (await curl(role, 'tokens', ...json, '{"name":"x","role":"read"}'))[0];
  expect([await asRole('read'), await asRole('operate'), await asRole('admin')]).toEqual(['403', '403', '200']);
  const [, foreign] = await curl('read', 'fleet', '-H', 'Host: rebound.example.net');
  expect(JSON.parse(foreign).error.code).toBe('foreign-request');
  const [, form] = await curl('operate', 'publications', '-d', 'push=p1');
  expect(JSON.parse(form).error.code).toBe('usage-invalid');
  const [, none] = await curl('operate', 'publications', ...json, '{}');
  expect(JSON.parse(none).error.message).toMatch(/nothing was pushed yet/);
});

it('writes down who did what, and nothing of who was refused', async () => {
  const { entries } = JSON.parse((await curl('read', 'audit'))[1]);
  const said = entries.map(({ who, action, subject }: Record<string, string>) => `${who} ${action} ${subject}`);
  expect(said.sort()).toEqual([
    'a-admin token.new a-operate',
    'a-admin token.new a-read',
    'a-admin token.new x',
    'terminal token.new a-admin',
  ]);
});

it('answers the command line at its URL as at its socket, and says what to do where it cannot', async () => {
  const place = ['--hub', 'http://127.0.0.1:18440', '--token', join(folder, 'read.token')];
  await curl('admin', 'invites', ...json, '{"site":"store-0001"}');
  const [byUrl, bySocket, refused] = await Promise.all([
    slipway('sites', '--json', ...place),
    onSocket('sites', '--json'),
    slipway('publish', ...place).catch((error: Error) => error.message),
  ]);
  expect(byUrl).toBe(bySocket);
  expect(JSON.parse(byUrl)).toMatchObject({ total: 1, rows: [{ site: 'store-0001', state: 'invited' }] });
  expect(refused).toMatch(/status 2: .*needs the role operate.*\(role-missing\)\n.*slipway hub tokens/);
});

it('tells who follows which view has changed', async () => {
  const following = spawn('curl', ['-sN', '-H', `Authorization: Bearer ${files['read']}`, `${BASE}/events`]);
  let told = '';
  following.stdout.on('data', (chunk: Buffer) => {
    told += chunk.toString();
  });
  try {
    await expect.poll(() => told).toContain(': connected');
    await curl('admin', 'tokens/x/withdraw', ...json, '{}');
    await expect.poll(() => told).toMatch(/id: [0-9a-f]+-\d+\ndata: {"view":"audit"}\n\n/);
  } finally {
    following.kill();
  }
});

/** A certificate for 127.0.0.1 under a root of its own, as PEM files in the folder of the hub's file. */
async function writeTls(): Promise<void> {
  const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 3_600_000 };
  const [root, key] = [x509.createKey(), x509.createKey()];
  const issuer = { key: root, certificate: await x509.createRoot({ name: 'A company', key: root, validity }) };
  const { publicKey } = x509.publicKeyOf(key);
  const leaf = await x509.issue({ role: 'server', hosts: ['127.0.0.1'], publicKey, validity }, issuer);
  const pem = (der: Uint8Array) => new X509Certificate(der).toString();
  await writeFile(join(folder, 'root.pem'), pem(issuer.certificate));
  await writeFile(join(folder, 'tls.pem'), pem(leaf));
  await writeFile(join(folder, 'tls.key'), key);
}

it('knows all of it after a power cut, and speaks TLS alone where its file says so', async () => {
  await hub.stop('SIGKILL');
  await writeTls();
  const tls = CONFIG.replace('18440" }', '18440", tls: { cert: tls.pem, key: tls.key } }');
  hub = await startHub({ workDir: folder, config: tls });
  const ask = async (url: string, ...more: string[]) =>
    run('curl', [
      '-s',
      '--cacert',
      join(folder, 'root.pem'),
      '-H',
      `Authorization: Bearer ${files['read']}`,
      ...more,
      url,
    ])
      .then(({ stdout }) => stdout)
      .catch(({ code }) => `status ${code}`);
  const audit = `${BASE.replace('http', 'https')}/audit`;
  const { entries } = JSON.parse(await ask(audit));
  expect(entries[0]).toMatchObject({ who: 'a-admin', action: 'token.withdraw', subject: 'x' });
  // 52: it hangs up on who speaks in clear; 60: no root that curl knows of by itself vouches for it.
  expect([await ask(`${BASE}/audit`), await ask(audit, '--cacert', '/etc/ssl/certs/ca-certificates.crt')]).toEqual([
    'status 52',
    'status 60',
  ]);
  const fromPage = async (origin: string) => JSON.parse(await ask(audit, '-H', `Origin: ${origin}`)).error?.code;
  expect([await fromPage('https://127.0.0.1:18440'), await fromPage('http://127.0.0.1:18440')]).toEqual([
    undefined,
    'foreign-request',
  ]);
});
