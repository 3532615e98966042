import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, it } from 'vitest';
import { createHttpServer, type HttpServer } from '../../src/adapters/http/server.ts';
import { sha256OfText } from '../../src/adapters/node/hash.ts';
import type { Ipv4 } from '../../src/kernel/ipv4.ts';
import { labCacheDir } from '../../src/lab/cache.ts';
import { fetchCloudInit } from '../../src/lab/cloud-init.ts';
import type { Revision } from '../../src/model/revision.ts';
import { readTemplateFile } from '../../src/site/compile-site.ts';
import { metadataRoutes } from '../../src/site/metadata/routes.ts';
import { compileTemplate } from '../../src/template/compile.ts';
import {
  leaseChange,
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
  sampleTokens,
  T0,
} from '../support/sample-site.ts';

const here = '127.0.0.1' as Ipv4;
const reader = join(import.meta.dirname, 'support/cloud-init-reads.py');

type Read = {
  readonly instanceId: string;
  readonly metaData: Readonly<Record<string, string>>;
  readonly userData: unknown;
  readonly vendorData: unknown;
  readonly network: { readonly netplan: unknown; readonly interfaces: string };
};

let server: HttpServer;
afterEach(() => server.close());

/** What Debian's cloud-init reads from the seed of a slot; it asks as the machine whose lease is `POS_MAC`'s. */
async function readSeed(revision: Revision, slot: string): Promise<Read & { readonly asked: readonly string[] }> {
  const signals = new SampleSignals();
  const log = new SampleLog();
  let port = 0;
  const routes = metadataRoutes({
    store: new SampleStore([leaseChange(sampleLease({ address: here }))]),
    revisions: { current: () => revision },
    addresses: () => [{ network: 'nodes', address: here, httpPort: port }],
    tokens: sampleTokens,
    signals,
    arp: new SampleNeighbours(),
    secrets: sampleSecrets(),
    clock: new SampleClock(),
    log,
  });
  server = await createHttpServer({ log, routes: [routes] });
  port = await server.listen({ address: here, port: 0 });
  const env = { ...process.env, PYTHONPATH: await fetchCloudInit(labCacheDir(), () => undefined) };
  const seed = `http://${here}:${port}/nocloud/${slot}/`;
  const { stdout } = await promisify(execFile)(
    '/usr/bin/python3',
    [reader, seed, JSON.stringify({ [POS_MAC]: 'ens3' })],
    { env, timeout: 30_000 },
  );
  const asked = log.lines.map(({ fields }) => String(fields['document'])).filter((name) => name !== 'undefined');
  return { ...(JSON.parse(stdout) as Read), asked };
}

function readyTemplate(name: string): Revision {
  const file = `templates/sites/${name}.yaml`;
  const text = readTemplateFile(file);
  const compiled = compileTemplate({
    files: [{ name: file, text: text.ok ? text.value : '' }],
    site: { name: 'store-0417', vars: name === 'demo' ? { mac: POS_MAC } : {} },
    number: 1,
    readFile: readTemplateFile,
    sha256: sha256OfText,
    useExamples: true,
  });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  return compiled.value;
}

it('takes the seed of a machine, with where to phone home', async () => {
  const read = await readSeed(readyTemplate('demo'), 'node-1');
  expect(read.instanceId).toBe('node-1.1');
  expect(read.metaData).toMatchObject({ 'local-hostname': 'node-1' });
  expect(read.userData).toMatchObject({ hostname: 'node-1' });
  const report = expect.stringContaining(`/r/report_525400000001_${T0}/`);
  expect(read.vendorData).toEqual({
    phone_home: { url: report, post: 'all', tries: 10 },
    reporting: { slipway: { type: 'webhook', endpoint: report } },
  });
  expect(read.asked).toEqual(['meta-data', 'user-data', 'vendor-data', 'network-config']);
});

it('finds the network card by its address, whatever the kernel calls it', async () => {
  const { network } = await readSeed(readyTemplate('demo'), 'node-1');
  expect(network.netplan).toEqual({
    network: { version: 2, ethernets: { lan0: { dhcp4: true, match: { macaddress: POS_MAC } } } },
  });
  expect(network.interfaces).toContain('iface ens3 inet dhcp');
});

it('takes the seed of a slot that has no documents', async () => {
  const revision = sampleRevision({ slots: { 'pos-1': sampleSlot({ profile: sampleProfile({ documents: {} }) }) } });
  const read = await readSeed(revision, 'pos-1');
  expect([read.instanceId, read.userData]).toEqual(['pos-1.1', {}]);
  expect(read.network.interfaces).toContain('iface ens3 inet dhcp');
});

it('reads a MAC address, a host name of digits and a word of YAML 1.1 as the texts that they are', async () => {
  const text = '#cloud-config\nbootcmd: [ "true" ]\nhostname: "0417"\nfqdn: @{boot.mac}\n';
  const slot = sampleSlot({
    name: 'no',
    profile: sampleProfile({ documents: { 'user-data': { kind: 'text', text, fill: true, secret: false } } }),
  });
  const read = await readSeed(sampleRevision({ slots: { no: slot } }), 'no');
  expect(read.metaData).toMatchObject({ 'instance-id': 'no.1', 'local-hostname': 'no' });
  expect(read.userData).toEqual({ bootcmd: ['true'], hostname: '0417', fqdn: POS_MAC });
});

it.each(['pos-1', 'edge-1'])('the documents of the ready template for %s pass the schema', async (slot) => {
  expect((await readSeed(readyTemplate('retail'), slot)).userData).toMatchObject({ hostname: slot });
});
