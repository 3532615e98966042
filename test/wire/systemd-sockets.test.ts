import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Argv, run } from '../../src/lab/command.ts';
import { isInsideNamespace } from '../../src/lab/namespace.ts';
import { createBridge, createHost, type Host } from '../../src/lab/network.ts';
import { type SiteProcess, startSite } from '../../src/lab/site-process.ts';

const units = resolve(import.meta.dirname, '../../systemd');
const launcher = join(import.meta.dirname, 'support/pass-sockets.pl');
/** What the service has under systemd with `sockets.conf`: not one capability. */
const powerless: Argv = ['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--'];

const template = `apiVersion: slipway/v1
kind: SiteTemplate
metadata: { name: sockets }
spec:
  networks: { nodes: { subnet: 10.21.0.0/24, pool: "+100..+199" } }
`;

let folder: string;
let node: Host;
let site: SiteProcess | undefined;

beforeAll(async () => {
  if (!isInsideNamespace()) throw new Error('run this with `npm run test:wire`, which makes a network of its own');
  folder = await mkdtemp(join(tmpdir(), 'slipway-units-'));
  await writeFile(join(folder, 'template.yaml'), template);
  // The device that the unit names before anybody has edited it.
  await createBridge('eth0', '10.21.0.1/24');
  node = await createHost('units', 'eth0');
});

afterEach(async () => {
  await site?.stop();
  site = undefined;
});

afterAll(async () => {
  await node?.close();
  if (isInsideNamespace()) await run(['ip', 'link', 'del', 'eth0']);
  if (folder) await rm(folder, { recursive: true, force: true });
});

describe('the socket units', () => {
  it('let a site without any capability serve DHCP, TFTP and HTTP', async () => {
    const sockets = globSync('*.socket', { cwd: units }).map((name) =>
      socketOf(readFileSync(join(units, name), 'utf8')),
    );
    expect(sockets).toHaveLength(3);
    site = await start((argv) => [launcher, ...sockets, '--', ...powerless, ...argv]);
    expect(await capabilities(site.pid)).toMatch(/^0+$/);
    const lease = await node
      .exec(['busybox', 'udhcpc', '-i', 'eth0', '-n', '-q', '-f', '-t', '10', '-s', '/bin/true'])
      .then(() => 'granted', String);
    expect(lease).toBe('granted');
    await node.exec(['ip', 'address', 'add', '10.21.0.100/24', 'dev', 'eth0']);
    expect(await node.exec(['curl', '-sSf', 'http://10.21.0.1/readyz'])).toBe('ready');
    expect(await node.exec(['curl', '-sSf', 'tftp://10.21.0.1/boot.ipxe'])).toMatch(/^#!ipxe/);
  });

  it('are what it takes: without them such a site may not open its ports', async () => {
    await expect(start((argv) => [...powerless, ...argv])).rejects.toThrow(/permission-denied/);
  });
});

function start(on: (argv: Argv) => Argv): Promise<SiteProcess> {
  const config = `site: units\ninterfaces: { nodes: eth0 }\ntemplate: ${join(folder, 'template.yaml')}\n`;
  return startSite({ workDir: join(folder, 'site'), config, on });
}

/** A socket unit in the words of the launcher. */
function socketOf(unit: string): string {
  const value = (key: string): string => new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1] ?? '';
  const type = value('ListenStream') === '' ? 'dgram' : 'stream';
  const [address = '', port = ''] = (value('ListenStream') || value('ListenDatagram')).split(':');
  return [value('FileDescriptorName'), type, address, port, value('BindToDevice')].join(',');
}

/** Effective capabilities of a process as the kernel writes them. */
async function capabilities(pid: number): Promise<string | undefined> {
  return /^CapEff:\s*(\S+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
}
