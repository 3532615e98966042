import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Ipv4 } from '../../src/kernel/ipv4.ts';
import { labCacheDir } from '../../src/lab/cache.ts';
import { CLOUD_INITS, keptUnpacked } from '../../src/lab/unpacked.ts';
import type { Document, Revision } from '../../src/model/revision.ts';
import { applyChanges } from '../../src/model/state.ts';
import {
  createFormatSite,
  EMPTY,
  type FormatSite,
  ID,
  INSTALLING,
  orderRow,
  TEXTS,
  withProfile,
} from '../support/format-site.ts';
import { readyTemplate } from '../support/ready-template.ts';
import { POS_MAC, sampleProfile, sampleRevision, sampleSlot, T0 } from '../support/sample-site.ts';
import { runSealed } from './support/sealed.ts';

const here = '127.0.0.1' as Ipv4;
const reader = join(import.meta.dirname, 'support/cloud-init-reads.py');

type Read = {
  readonly version: string;
  /** Seconds between its tries. */
  readonly slept: readonly number[];
  readonly failed?: string;
  readonly instanceId: string;
  readonly metaData: Readonly<Record<string, string>>;
  readonly userData: unknown;
  readonly vendorData: unknown;
  readonly fetchedNetwork: boolean;
  readonly network: { readonly netplan: unknown; readonly interfaces: string };
};

let site: FormatSite;
let port = 0;
afterEach(() => site.server.close());

/** A site on loopback whose clock goes on when a client sleeps; cloud-init asks as the machine whose lease is `POS_MAC`'s. */
async function setUp(revision: Revision, later?: Parameters<typeof createFormatSite>[1]): Promise<void> {
  const at = { network: 'nodes', address: here };
  const secrets = { joinToken: 'not-for-everybody' };
  site = await createFormatSite(revision, later, { address: here, site: () => ({ ...at, httpPort: port }), secrets });
  port = await site.server.listen({ address: here, port: 0 });
}

/** The names of the files, each as often as it was asked for. */
function asked(): readonly string[] {
  return site.asked.map((url) => url.split('/').at(-1) ?? '');
}

const secretInstall = withProfile({
  ...INSTALLING,
  documents: {
    'user-data': { kind: 'text', text: '#cloud-config\nfqdn: @{secret.joinToken}\n', fill: true, secret: true },
  },
});

/** How the releases differ: the order of their requests, and what a 503 is to them. */
const first = ['meta-data', 'user-data', 'vendor-data'];
const behaviours = {
  bookworm: { fetchesNetwork: false, files: first, waits: false, words: ['nocloud-net'] },
  trixie: { fetchesNetwork: true, files: ['network-config', ...first], waits: true, words: ['nocloud-net', 'nocloud'] },
  forky: { fetchesNetwork: true, files: ['network-config', ...first], waits: true, words: ['nocloud-net', 'nocloud'] },
} as const;

describe.each(CLOUD_INITS)('cloud-init of Debian’s $suite', (wanted) => {
  const { fetchesNetwork, files, waits, words } = behaviours[wanted.suite as keyof typeof behaviours];
  let modules = '';
  beforeAll(async () => {
    const { version, files: root } = await keptUnpacked(labCacheDir(), wanted);
    process.stdout.write(`   cloud-init of ${wanted.suite}: ${version}\n`);
    modules = join(root, 'usr/lib/python3/dist-packages');
  });

  /** What it reads from the seed that the command line, or else the serial number of the machine, names. */
  async function read(cmdline: string, serial = ''): Promise<Read> {
    const { stdout, stderr } = await runSealed(
      `quiet ${cmdline}`,
      (folder) => [
        ...['/usr/bin/python3', reader, folder, `http://${here}:${port}/test/wait`],
        ...[serial, JSON.stringify({ [POS_MAC]: 'ens3' })],
      ],
      // In a container, such as a build machine often is, it reads the command line of process 1 but for this.
      { PYTHONPATH: modules, PYTHONDONTWRITEBYTECODE: '1', DEBUG_PROC_CMDLINE: `quiet ${cmdline}` },
    );
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout) as Read;
  }

  const seedOf = (id: string): string => `http://${here}:${port}/nocloud/${id}/`;
  const readSlot = (slot: string): Promise<Read> => read(`ds=nocloud-net;s=${seedOf(slot)}`);

  it('takes the seed of a machine at once, in its order, and says its version', async () => {
    await setUp(readyTemplate('demo', { mac: POS_MAC }));
    const done = await readSlot('node-1');
    expect(done).toMatchObject({ instanceId: 'node-1.1', slept: [], fetchedNetwork: fetchesNetwork });
    expect(done.metaData).toMatchObject({ 'local-hostname': 'node-1' });
    expect(done.userData).toMatchObject({ hostname: 'node-1' });
    expect(asked()).toEqual([...files, 'network-config']);
    expect(site.agents).toContain(`Cloud-Init/${done.version}`);
  });

  it('phones home and reports with what the vendor-data says', async () => {
    await setUp(readyTemplate('demo', { mac: POS_MAC }));
    const done = await readSlot('node-1');
    const report = expect.stringContaining(`/r/report_525400000001_${T0}/`);
    expect(done.vendorData).toEqual({
      phone_home: { url: report, post: 'all', tries: 10 },
      reporting: { slipway: { type: 'webhook', endpoint: report } },
    });
    const said = site.signals.heard.filter(({ kind }) => kind === 'phone-home' || kind === 'report');
    expect(said).toHaveLength(3);
    expect(said).toContainEqual({
      ...{ kind: 'phone-home', at: T0, mac: POS_MAC, issuedAt: T0 },
      ...{ hostname: 'node-1', instanceId: 'node-1.1' },
    });
    // The last report comes after the phone-home.
    expect(said.at(-1)).toMatchObject({ kind: 'report', name: 'modules-final', result: 'SUCCESS' });
  });

  it('finds the network card by its address, whatever the kernel calls it', async () => {
    await setUp(readyTemplate('demo', { mac: POS_MAC }));
    const { network } = await readSlot('node-1');
    expect(network.netplan).toEqual({
      network: { version: 2, ethernets: { lan0: { dhcp4: true, match: { macaddress: POS_MAC } } } },
    });
    expect(network.interfaces).toContain('iface ens3 inet dhcp');
  });

  it('takes the seed of a slot that has no documents', async () => {
    await setUp(sampleRevision({ slots: { 'pos-1': sampleSlot({ profile: sampleProfile({ documents: {} }) }) } }));
    const done = await readSlot('pos-1');
    expect([done.instanceId, done.userData]).toEqual(['pos-1.1', {}]);
    expect(done.network.interfaces).toContain('iface ens3 inet dhcp');
  });

  it('reads a MAC address, a host name of digits and a word of YAML 1.1 as the texts that they are', async () => {
    const text = '#cloud-config\nbootcmd: [ "true" ]\nhostname: "0417"\nfqdn: @{boot.mac}\n';
    const documents: Readonly<Record<string, Document>> = {
      'user-data': { kind: 'text', text, fill: true, secret: false },
    };
    await setUp(sampleRevision({ slots: { no: sampleSlot({ name: 'no', profile: sampleProfile({ documents }) }) } }));
    const done = await readSlot('no');
    expect(done.metaData).toMatchObject({ 'local-hostname': 'no' });
    expect(done.userData).toEqual({ bootcmd: ['true'], hostname: '0417', fqdn: POS_MAC });
  });

  it.each(['pos-1', 'edge-1'])('the documents of the ready template for %s pass the schema', async (slot) => {
    await setUp(readyTemplate('retail'));
    expect((await readSlot(slot)).userData).toMatchObject({ hostname: slot });
  });

  it.each(words)('is found by ds=%s, without a slash at the end, and in SMBIOS', async (word) => {
    await setUp(withProfile({}));
    const seed = `ds=${word};s=${seedOf('pos-1')}`;
    expect(await read(seed.slice(0, -1))).toMatchObject({ instanceId: 'pos-1.1', slept: [] });
    expect(await read('', `${seed};h=till`)).toMatchObject({
      ...{ instanceId: 'pos-1.1', slept: [] },
      metaData: { 'local-hostname': 'till' },
    });
  });

  it('comes up at once without a slot, with nothing to do, and is another instance with one', async () => {
    await setUp(EMPTY);
    expect(await readSlot(ID)).toMatchObject({ instanceId: `pending.${ID}`, userData: {}, slept: [] });
    site.now.revision = withProfile({});
    expect(await readSlot(ID)).toMatchObject({ instanceId: 'pos-1.1', slept: [] });
  });

  it(`without an order ${waits ? 'waits for its secrets, five seconds a time' : 'gives up after ten seconds'}`, async () => {
    const order = () => applyChanges(site.store.state, [orderRow()]);
    await setUp(secretInstall, { atMs: 60_000, run: order });
    const done = await readSlot(ID);
    if (waits) {
      expect(done.slept).toEqual(Array.from({ length: 12 }, () => 5));
      expect(done).toMatchObject({ instanceId: 'pos-1.1', userData: { fqdn: 'not-for-everybody' } });
    } else {
      expect(done.slept).toEqual(Array.from({ length: 10 }, () => 1));
      expect(done.failed).toBe(`503 ${seedOf(ID)}user-data`);
    }
  });

  it('waits out a site that starts', async () => {
    const start = () => {
      site.now.revision = withProfile({});
    };
    await setUp(EMPTY, { atMs: 5_000, run: start });
    site.now.revision = undefined;
    const done = await readSlot(ID);
    expect(done).toMatchObject({ instanceId: 'pos-1.1' });
    expect(done.slept.reduce((sum, seconds) => sum + seconds, 0)).toBe(5);
  });

  it('gets nothing to do from a machine that is installed, and no secret', async () => {
    await setUp(secretInstall);
    applyChanges(site.store.state, [orderRow({ state: { kind: 'confirmed', at: T0, by: 'api' } })]);
    expect(await readSlot(ID)).toMatchObject({ instanceId: 'pos-1.1', userData: {}, slept: [] });
  });

  it('whom nobody knows comes up without a data source, after ten seconds a file', async () => {
    await setUp(withProfile({}));
    const done = await readSlot('nobody');
    expect(done.failed).toBe(`404 ${seedOf('nobody')}meta-data`);
    expect(done.slept).toEqual(Array.from({ length: fetchesNetwork ? 20 : 10 }, () => 1));
  });

  it('takes an autoinstall for what it is', async () => {
    await setUp(withProfile({}));
    expect(TEXTS['user-data']).toContain('autoinstall');
    expect((await readSlot('pos-1')).userData).toEqual({ autoinstall: { version: 1 } });
  });
});
