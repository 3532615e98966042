import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHttpServer, type HttpServer } from '../../src/adapters/http/server.ts';
import { createTokenMint } from '../../src/adapters/node/token-mint.ts';
import type { Ipv4 } from '../../src/kernel/ipv4.ts';
import type { Boot, BootId } from '../../src/model/boot.ts';
import { bindingKey } from '../../src/model/boot.ts';
import { TEMPLATE_SURROUNDINGS } from '../../src/model/dhcp-role.ts';
import type { MachineId } from '../../src/model/machine.ts';
import type { Document } from '../../src/model/revision.ts';
import { metadataRoutes } from '../../src/site/metadata/routes.ts';
import {
  leaseChange,
  OTHER_MAC,
  POS_MAC,
  SampleClock,
  SampleLog,
  SampleNeighbours,
  SampleSignals,
  SampleStore,
  sampleLease,
  sampleProfile,
  sampleRevision,
  sampleSecrets,
  sampleSlot,
  T0,
} from '../support/sample-site.ts';

/** The programs that the Debian installer and Anaconda's dracut fetch with, and sockets of this machine. */
const run = promisify(execFile);
const here = '127.0.0.1' as Ipv4;
const tokens = createTokenMint(new Uint8Array(32));
const neighbours = new SampleNeighbours();

const machine = 'm1' as MachineId;
const boot: Boot = {
  ...{ id: 'b1' as BootId, machine, mac: POS_MAC, slot: 'pos-1', binding: 1 },
  ...{ openedAt: T0, stage: 'os', reached: {} },
};
const documents: Readonly<Record<string, Document>> = {
  preseed: { kind: 'text', text: 'd-i passwd/root-password password @{secret.root}\n', fill: true, secret: true },
  kickstart: { kind: 'text', text: 'reboot\n', fill: true, secret: false },
};

let server: HttpServer;
let base = '';
beforeEach(async () => {
  const evidence = [{ kind: 'mac', value: POS_MAC, source: 'dhcp', firstSeen: T0, lastSeen: T0 }] as const;
  const binding = { slot: 'pos-1', number: 1, machine, since: T0, health: 'waiting' } as const;
  const store = new SampleStore([
    leaseChange(sampleLease({ address: here })),
    { table: 'machines', key: machine, row: { id: machine, evidence } },
    { table: 'bindings', key: bindingKey('pos-1', 1), row: binding },
    { table: 'boots', key: boot.id, row: boot },
  ]);
  const revision = sampleRevision({ slots: { 'pos-1': sampleSlot({ profile: sampleProfile({ documents }) }) } });
  const log = new SampleLog();
  let port = 0;
  neighbours.set(here, POS_MAC);
  const routes = metadataRoutes({
    ...{
      store,
      log,
      tokens,
      arp: neighbours,
      surroundings: TEMPLATE_SURROUNDINGS,
      signals: new SampleSignals(),
      clock: new SampleClock(),
    },
    revisions: { current: () => revision },
    addresses: () => [{ network: 'nodes', address: here, httpPort: port }],
    secrets: sampleSecrets({ root: '$6$salt$hash' }),
  });
  server = await createHttpServer({ log, routes: [routes] });
  port = await server.listen({ address: here, port: 0 });
  base = `http://${here}:${port}`;
});
afterEach(() => server.close());

function curl(path: string, ...headers: readonly string[]): Promise<{ stdout: string }> {
  const given = headers.flatMap((header) => ['--header', header]);
  return run('curl', ['--globoff', '--location', '--retry', '3', '--fail', '--silent', ...given, `${base}${path}`]);
}

describe('Anaconda’s curl', () => {
  it('finds its file by the MAC of its second NIC', async () => {
    const { stdout } = await curl(
      '/documents/kickstart',
      `X-RHN-Provisioning-MAC-0: eth0 ${OTHER_MAC}`,
      `X-RHN-Provisioning-MAC-1: eth1 ${POS_MAC}`,
    );
    expect(stdout).toBe('reboot\n');
  });

  it('takes the answer for an unknown machine for final', async () => {
    // 22: the server answered 400 or more.
    await expect(curl('/documents/nobody/kickstart')).rejects.toMatchObject({ code: 22 });
  });
});

describe('the wget of the Debian installer', () => {
  const wget = (path: string) =>
    run('wget', ['-q', '--no-verbose', '-U', 'debian-installer', '-O', '-', '--tries=1', path]);
  const token = () => `${base}/t/${tokens.mint({ use: 'read', mac: POS_MAC, issuedAt: T0 })}/preseed`;

  it('gets its answers by token', async () => {
    const { stdout } = await wget(token());
    expect(stdout).toBe('d-i passwd/root-password password $6$salt$hash\n');
  });

  it('gets none at the place of somebody else', async () => {
    neighbours.set(here, OTHER_MAC);
    // 8: the server answered with an error.
    await expect(wget(token())).rejects.toMatchObject({ code: 8, stdout: '' });
  });
});
