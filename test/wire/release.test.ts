import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askSite, tellSite } from '../../src/adapters/http/control-client.ts';
import { run as runTool } from '../../src/lab/command.ts';
import { startHub } from '../../src/lab/hub-process.ts';
import { createBridge } from '../../src/lab/network.ts';
import { startSite } from '../../src/lab/site-process.ts';
import type { AuditPage } from '../../src/wire/api/fleet-views.ts';
import type { NewTokenReply } from '../../src/wire/api/tokens.ts';
import type { SiteStatus } from '../../src/wire/api/views.ts';

const run = promisify(execFile);
const top = resolve(import.meta.dirname, '../..');

/** The package as npm would install it: JavaScript alone, without one TypeScript file. */
describe('the bundle of a release', () => {
  let dir: string;
  let launcher: string;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'slipway-release-'));
    launcher = join(dir, 'bin/slipway.js');
    const { files } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8')) as { files: string[] };
    await run(process.execPath, ['test/release/bundle.ts', join(dir, 'dist')], { cwd: top });
    for (const file of [...files.filter((name) => name !== 'dist'), 'package.json']) {
      cpSync(join(top, file), join(dir, file), { recursive: true });
    }
    symlinkSync(join(top, 'node_modules'), join(dir, 'node_modules'));
    await createBridge('rel0', '10.77.0.1/24');
  });
  afterAll(async () => {
    await runTool(['ip', 'link', 'delete', 'rel0']);
    rmSync(dir, { recursive: true, force: true });
  });

  it('answers on the command line', async () => {
    const version = await run(process.execPath, [launcher, '--version']);
    expect(version.stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/);
    const lint = await run(process.execPath, [launcher, 'template', 'lint', join(dir, 'templates/sites/retail.yaml')]);
    expect(lint.stdout).toMatch(/^ok:/);
  });

  it('runs a site, with its database in a thread, its loaders from the manifest, and its page', async () => {
    const hex = (digit: string): string => digit.repeat(64);
    const vars = {
      kernel: 'file:///nowhere/vmlinuz',
      kernelSha256: hex('1'),
      initramfs: 'file:///nowhere/initrd',
      initramfsSha256: hex('2'),
    };
    const site = await startSite({
      workDir: join(dir, 'work'),
      config: `site: release\ninterfaces: { nodes: rel0 }\ntemplate: ${join(dir, 'templates/sites/demo.yaml')}\nvars: ${JSON.stringify(vars)}\n`,
      on: ([program, ...args]) => [
        program,
        ...args.map((word) => (word.endsWith('/bin/slipway.js') ? launcher : word)),
      ],
    });
    const status = await askSite<SiteStatus>(site.socket, '/api/v1/status');
    const page = await (await fetch('http://10.77.0.1/')).text();
    const script = await fetch(`http://10.77.0.1/${/src="([^"]+)"/.exec(page)?.[1]}`);
    expect([script.status, script.headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8']);
    await site.stop();
    expect(status).toMatchObject({ site: 'release', ready: true, revision: { number: 1 } });
    expect(await site.exited).toBe(0);
  });

  it('runs head office, with its database in a thread, its certificates, and its page', async () => {
    const hub = await startHub({
      workDir: join(dir, 'work'),
      config:
        'hub: release\nlink: { listen: "127.0.0.1:18443", url: "https://127.0.0.1:18443" }\nadmin: { listen: "127.0.0.1:18440" }\n',
      on: ([program, ...args]) => [
        program,
        ...args.map((word) => (word.endsWith('/bin/slipway.js') ? launcher : word)),
      ],
    });
    const { token } = await tellSite<NewTokenReply>(hub.socket, '/api/v1/tokens', { name: 'anna', role: 'admin' });
    const ask = (path: string) =>
      fetch(`http://127.0.0.1:18440${path}`, { headers: { authorization: `Bearer ${token}` } });
    const audit = (await (await ask('/api/v1/audit')).json()) as AuditPage;
    const page = await (await ask('/')).text();
    const script = await ask(`/${/src="\/?([^"]+)"/.exec(page)?.[1]}`);
    await hub.stop();
    expect(audit.entries.map(({ action }) => action)).toEqual(['token.new']);
    expect([script.status, script.headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8']);
    expect(await hub.exited).toBe(0);
  });
});
