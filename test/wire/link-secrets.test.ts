import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { askSite, tellSite } from '../../src/adapters/http/control-client.ts';
import { startHub } from '../../src/lab/hub-process.ts';
import { startSite } from '../../src/lab/site-process.ts';
import type { SlipwayProcess } from '../../src/lab/slipway-process.ts';
import type { SiteStatus } from '../../src/wire/api/views.ts';

const PORT = 18_773;
const API = `http://127.0.0.1:${PORT + 1}/api/v1`;
const workDir = resolve('test-results/wire/link-secrets');
let hub: SlipwayProcess;
let site: SlipwayProcess;
let code: string;
let token: string;

const statusOf = (path: string, given: string) =>
  fetch(`${API}/${path}`, { headers: { authorization: `Bearer ${given}` } }).then(({ status }) => status);

beforeAll(async () => {
  rmSync(workDir, { recursive: true, force: true });
  hub = await startHub({
    workDir: join(workDir, 'hub'),
    config: [
      'hub: head-office',
      `link: { url: "https://localhost:${PORT}", listen: "127.0.0.1:${PORT}" }`,
      `admin: { listen: "127.0.0.1:${PORT + 1}" }`,
    ].join('\n'),
    args: ['--log-level', 'debug'],
  });
  ({ code } = await tellSite<{ code: string }>(hub.socket, '/api/v1/invites', { site: 'store-1' }));
  ({ token } = await tellSite<{ token: string }>(hub.socket, '/api/v1/tokens', { name: 'ci', role: 'read' }));
  site = await startSite({
    workDir: join(workDir, 'site'),
    config: `site: store-1\ninterfaces: { nodes: lo }\nhub: { url: "https://localhost:${PORT}", code: ${code} }`,
    args: ['--fault', 'link-delay=0', '--log-level', 'debug'],
    mayWait: true,
  });
  const isOnline = async () =>
    (await askSite<SiteStatus>(site.socket, '/api/v1/status')).headOffice?.state === 'online';
  await vi.waitFor(async () => expect(await isOnline()).toBe(true), { timeout: 20_000, interval: 100 });
  expect(await statusOf('sites', token)).toBe(200);
  // A token that is nearly right, and one at the wrong place.
  expect(await statusOf('sites', `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`)).toBe(401);
  expect(await statusOf(`sites?token=${token}`, 'x')).toBe(401);
  expect((await fetch(`${API}/tokens`, { method: 'POST', headers: { authorization: `Bearer ${token}` } })).status).toBe(
    403,
  );
}, 60_000);
afterAll(async () => {
  await Promise.all([site?.stop('SIGKILL'), hub?.stop('SIGKILL')]);
});

function filesIn(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map((name) => join(dir, name))
    .filter((path) => statSync(path).isFile());
}
function filesWith(secret: string, files: readonly string[]): string[] {
  return files.filter((path) => readFileSync(path).includes(secret));
}
const keyText = (path: string): string =>
  /PRIVATE KEY-----\s+(\S{40,})/.exec(readFileSync(path, 'utf8').replaceAll('\\n', '\n'))?.[1] ??
  expect.fail(`${path} holds a key`);

test('no log, no database and no other file holds a code, a token or a key of either side', () => {
  const [atHub, atSite] = [filesIn(join(workDir, 'hub')), filesIn(join(workDir, 'site', 'data'))];
  const logs = [hub.logPath, site.logPath];
  const all = [...atHub, ...atSite, ...logs];
  expect(all.length).toBeGreaterThan(8);
  expect(filesWith(token, all)).toEqual([]);
  expect(filesWith(token.slice(-43), all)).toEqual([]);
  expect(filesWith(code, all)).toEqual([]);
  expect(filesWith(code.replaceAll('-', ''), all)).toEqual([]);
  // The four signs in front are its name; what follows is the secret.
  expect(filesWith(code.replaceAll('-', '').slice(4, 22), all)).toEqual([]);
  const withKeys = [...atHub, ...atSite].filter((path) => readFileSync(path).includes('PRIVATE KEY'));
  expect(withKeys.length).toBeGreaterThan(1);
  for (const path of withKeys) expect(filesWith(keyText(path), all)).toEqual([path]);
});

test('what holds a key, or the database of head office, is for its owner alone', () => {
  const [atHub, atSite] = [filesIn(join(workDir, 'hub', 'data')), filesIn(join(workDir, 'site', 'data'))];
  const secret = [...atHub, ...atSite.filter((path) => readFileSync(path).includes('PRIVATE KEY'))];
  expect(secret.length).toBeGreaterThan(3);
  const open = secret.filter((path) => isOpen(path) && !isBehindClosedDoor(path));
  expect(open).toEqual([]);
  expect(secret.filter((path) => readFileSync(path).includes('PRIVATE KEY') && isOpen(path))).toEqual([]);
});

function isOpen(path: string): boolean {
  return (statSync(path).mode & 0o077) !== 0;
}
function isBehindClosedDoor(path: string): boolean {
  return !isOpen(resolve(path, '..'));
}
