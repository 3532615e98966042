import { afterEach, describe, expect, it } from 'vitest';
import {
  leaseChange,
  OTHER_MAC,
  POS_ADDRESS,
  POS_MAC,
  POS_UUID,
  SampleClock,
  SampleLog,
  SampleNeighbours,
  SampleSignals,
  SampleStore,
  SITE,
  sampleLease,
  sampleProfile,
  sampleRandom,
  sampleRevision,
  sampleSlot,
  sampleTokens,
  T0,
} from '../../../test/support/sample-site.ts';
import { createHttpServer, type HttpServer } from '../../adapters/http/server.ts';
import { ADMISSION_RULES, Admission } from '../../kernel/admission.ts';
import type { Digest } from '../../kernel/digest.ts';
import type { Ipv4 } from '../../kernel/ipv4.ts';
import { BOOT_STAGES, type Boot, type BootId, type BootStage } from '../../model/boot.ts';
import { TEMPLATE_SURROUNDINGS } from '../../model/dhcp-role.ts';
import type { Lease } from '../../model/lease.ts';
import type { Machine, MachineId } from '../../model/machine.ts';
import type { Revision } from '../../model/revision.ts';
import type { SiteAddress } from '../../model/site-ports.ts';
import type { Change } from '../../model/store.ts';
import { renderEntryScript } from './policy/entry-script.ts';
import { type BootDesk, bootRoutes, createBootDesk } from './routes.ts';

let server: HttpServer;
afterEach(() => server.close());

type Setting = {
  readonly rows?: readonly Change[];
  readonly revision?: Revision | undefined;
  readonly kept?: Revision;
  readonly addresses?: readonly SiteAddress[];
};

async function setUp(setting: Setting = {}) {
  const signals = new SampleSignals();
  const neighbours = new SampleNeighbours();
  neighbours.set(POS_ADDRESS, POS_MAC);
  const log = new SampleLog();
  const revision = 'revision' in setting ? setting.revision : sampleRevision();
  const admission = new Admission(ADMISSION_RULES);
  const deps = {
    siteName: 'store-0417',
    store: new SampleStore(setting.rows ?? [leaseChange(sampleLease())]),
    revisions: {
      current: () => revision,
      get: (digest: Digest) => (setting.kept?.digest === digest ? setting.kept : undefined),
    },
    content: { stateOf: () => ({ kind: 'complete', sizeBytes: 1_000 }) as const },
    addresses: () => setting.addresses ?? [SITE],
    signals,
    tokens: sampleTokens,
    arp: neighbours,
    surroundings: TEMPLATE_SURROUNDINGS,
    clock: new SampleClock(),
    random: sampleRandom,
    admission,
    log,
  };
  const desk = createBootDesk(deps);
  server = await createHttpServer({ log, routes: [bootRoutes(desk)] });
  const get = (url: string, remoteAddress: string = POS_ADDRESS) =>
    server.app.inject({ method: 'GET', url, remoteAddress });
  return { get, desk, signals, log, neighbours, admission };
}

describe('GET /boot.ipxe and /autoexec.ipxe', () => {
  it.each(['/boot.ipxe', '/autoexec.ipxe', '//boot.ipxe'])('%s is the entry script, with its length', async (path) => {
    const { get } = await setUp();
    const answer = await get(path);
    expect([answer.statusCode, answer.body]).toEqual([200, renderEntryScript('store-0417', SITE)]);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'content-length': String(answer.body.length),
    });
  });

  it('is a script also when no network is served', async () => {
    const { get } = await setUp({ addresses: [] });
    expect((await get('/boot.ipxe')).body).toMatch(/^#!ipxe\n.*exit 1\n$/s);
    expect((await get(`/boot/script?mac=${POS_MAC}`)).body).toMatch(/^#!ipxe\n/);
  });
});

describe('the queue', () => {
  const starts = { admission: { starts: 1 } };
  const others = { 'pos-2': sampleSlot({ name: 'pos-2', match: [{ mac: OTHER_MAC }] }) };
  const revision = { ...sampleRevision({ slots: { 'pos-1': sampleSlot(), ...others } }), ...starts };
  const SECOND_ADDRESS = '10.0.0.12' as Ipv4;
  const first = `/boot/script?mac=${POS_MAC}`;
  const second = `/boot/script?mac=${OTHER_MAC}`;

  async function setUpTwo() {
    const set = await setUp({ revision, rows: [] });
    set.neighbours.set(SECOND_ADDRESS, OTHER_MAC);
    return set;
  }

  it('lets one in and tells the next its place, until the first has its files', async () => {
    const { get, signals, admission, log } = await setUpTwo();
    expect((await get(first)).body).toContain('/assets/sha256/');
    const told = await get(second, SECOND_ADDRESS);
    expect(told.body).toContain('this one has place 1 in the queue');
    expect(told.body).not.toContain('/assets/');
    expect(signals.heard.map((signal) => signal.kind === 'script' && signal.answer)).toEqual([
      { kind: 'live', slot: 'pos-1', profile: 'demo' },
      { kind: 'queue', place: 1 },
    ]);
    const said = log.lines.filter(({ message }) => message.startsWith('boot script'));
    expect(said.map(({ level }) => level)).toEqual(['info', 'debug']);
    const { kernel, initrds } = sampleProfile();
    for (const { digest } of [kernel, ...initrds]) admission.moved(POS_ADDRESS, 0, digest);
    expect((await get(second, SECOND_ADDRESS)).body).toContain('/assets/sha256/');
  });

  it('has no place for who asks in the name of another machine, and none for a step that failed', async () => {
    const { get, admission } = await setUpTwo();
    await get(second, POS_ADDRESS);
    expect(admission.counts(0)).toEqual({ fetching: 0, waiting: 0 });
    await get(first);
    expect((await get(`${second}&errno=0x4c0a6092&step=kernel`, SECOND_ADDRESS)).body).toContain('/assets/sha256/');
  });

  it('has no place for a question from an address at which the wire shows nobody: with TFTP it may be made up', async () => {
    const { desk, admission } = await setUpTwo();
    const values = (name: string) => ({ mac: OTHER_MAC as string, step: 'kernel' })[name];
    const answered = await desk.answer({ peer: desk.peerOf('10.0.0.99', ''), values, loader: 'grub' });
    expect(answered?.text).toContain('slipway_answer');
    expect(admission.counts(0)).toEqual({ fetching: 0, waiting: 0 });
  });
});

describe('GET /boot/script', () => {
  it('answers the machine in a slot with its live script, and tells the other rooms', async () => {
    const { get, signals } = await setUp();
    const answer = await get(
      `/boot/script?mac=${POS_MAC}&platform=pcbios&buildarch=i386&serial=X1&errno=0x4c0a6092&step=kernel`,
    );
    expect([answer.statusCode, answer.headers['content-length']]).toEqual([200, String(answer.body.length)]);
    expect(answer.body).toContain('/assets/sha256/');
    expect(answer.body).toContain('What failed before: 4c0a6092: the site did not answer');
    expect(signals.heard).toEqual([
      {
        kind: 'script',
        at: T0,
        claim: { mac: POS_MAC, serial: 'X1' },
        address: POS_ADDRESS,
        answer: { kind: 'live', slot: 'pos-1', profile: 'demo' },
        revision: sampleRevision().digest,
        errno: '4c0a6092: the site did not answer (TCP timed out), at kernel',
      },
    ]);
  });

  it('refuses a machine that says another MAC than the one its address was given to', async () => {
    const { get, signals, log } = await setUp();
    const answer = await get(`/boot/script?mac=${OTHER_MAC}`);
    expect([answer.statusCode, signals.heard]).toEqual([200, []]);
    expect(answer.body).toContain(
      'it says 52:54:00:00:00:99, but its address 10.0.0.11 was given to 52:54:00:00:00:01',
    );
    expect(log.lines[0]).toMatchObject({ fields: { kind: 'refuse', mac: OTHER_MAC } });
  });

  it('writes down the code on a screen for the machine itself alone, and in no line of the log', async () => {
    const held = '10.0.0.77' as Ipv4;
    const rows = [leaseChange(sampleLease({ mac: OTHER_MAC, address: held }))];
    for (const isSelf of [true, false]) {
      const { get, signals, log, neighbours } = await setUp({ rows });
      if (isSelf) neighbours.set(held, OTHER_MAC);
      const { body } = await get(`/boot/script?mac=${OTHER_MAC}`, held);
      const code = /\*\*\* (\w{4}) \*\*\*/.exec(body)?.[1] ?? 'none';
      expect(code).toMatch(/^[2-9A-Z]{4}$/);
      expect(signals.heard).toMatchObject([{ kind: 'script', answer: { kind: 'hold' } }]);
      expect(JSON.stringify(signals.heard).includes(`"${code}"`)).toBe(isSelf);
      expect(JSON.stringify(log.lines)).not.toContain(code);
      await server.close();
    }
  });

  it('believes a machine whose address was another one’s once', async () => {
    const { get } = await setUp({ rows: [leaseChange(sampleLease({ mac: OTHER_MAC, expiresAt: T0 - 1 }))] });
    expect((await get(`/boot/script?mac=${POS_MAC}`)).body).toContain('slot pos-1');
  });

  it.each(['', '?', '?mac=', '?mac=zz', '?mac=%zz', '?mac[]=x', `?mac=00:00:00:00:00:00`])(
    'answers %j with a script too',
    async (query) => {
      const { get, signals } = await setUp();
      const answer = await get(`/boot/script${query}`);
      expect([answer.statusCode, signals.heard]).toEqual([200, []]);
      expect(answer.body).toContain('its loader did not say which machine it is');
    },
  );

  it('takes the first of two values with one name', async () => {
    const { get } = await setUp();
    expect((await get(`/boot/script?mac=${POS_MAC}&mac=${OTHER_MAC}`)).body).toContain('slot pos-1');
  });

  it('lets a machine wait while there is no template', async () => {
    const { get } = await setUp({ revision: undefined });
    expect((await get(`/boot/script?mac=${POS_MAC}`)).body).toContain('does not know yet what its machines run');
  });

  it('a stranger that speaks for a machine whose address is elsewhere leaves no trace', async () => {
    const { get, signals } = await setUp();
    const answer = await get(`/boot/script?mac=${POS_MAC}&giveup=1&serial=FORGED`, '10.0.0.77');
    expect([answer.statusCode, signals.heard]).toEqual([200, []]);
  });

  describe('with the UUID of the machine in a slot, over another NIC', () => {
    const pos: Machine = {
      id: 'm1' as MachineId,
      evidence: [
        { kind: 'mac', value: POS_MAC, source: 'dhcp', firstSeen: T0, lastSeen: T0 },
        { kind: 'uuid', value: POS_UUID, source: 'dhcp', firstSeen: T0, lastSeen: T0 },
      ],
    };
    const rows = (incumbent: Partial<Lease>): readonly Change[] => [
      { table: 'machines', key: 'm1', row: pos },
      {
        table: 'bindings',
        key: 'pos-1#1',
        row: { slot: 'pos-1', number: 1, machine: pos.id, since: T0, health: 'waiting' },
      },
      leaseChange(sampleLease(incumbent)),
      leaseChange(sampleLease({ client: OTHER_MAC, mac: OTHER_MAC, address: '10.0.0.77' as Ipv4 })),
    ];
    const url = `/boot/script?mac=${OTHER_MAC}&uuid=${POS_UUID}`;

    it('a stranger is told that the slot is taken', async () => {
      const { get, signals } = await setUp({ rows: rows({}) });
      const { body } = await get(url, '10.0.0.77');
      expect(body).toContain('pos-1 is taken');
      expect(body).not.toContain('/assets/');
      expect(signals.heard).toMatchObject([{ kind: 'script', answer: { kind: 'refuse' } }]);
    });

    it('the machine itself boots once its lease is over', async () => {
      const { get } = await setUp({ rows: rows({ expiresAt: T0 }) });
      expect((await get(url, '10.0.0.77')).body).toContain('/assets/');
    });

    it('whoever has no address of ours leaves no trace', async () => {
      const { get, signals } = await setUp({ rows: rows({ expiresAt: T0 }) });
      await get(`/boot/script?mac=52:54:00:00:00:98&uuid=${POS_UUID}`, '10.0.0.78');
      expect(signals.heard).toEqual([]);
    });
  });

  it('a made-up machine without an address of ours leaves no trace', async () => {
    const { get, signals } = await setUp({ rows: [] });
    expect((await get(`/boot/script?mac=${OTHER_MAC}`, '10.0.0.77')).body).toContain('***');
    expect(signals.heard).toEqual([]);
    await get(`/boot/script?mac=${POS_MAC}`, '10.0.0.77');
    expect(signals.heard).toHaveLength(1);
  });
});

describe('a boot that asks again', () => {
  const former = 'f'.repeat(64) as Digest;
  const kernel = { digest: 'd'.repeat(64) as Digest, name: 'former' };
  const kept = sampleRevision({
    digest: former,
    slots: { 'pos-1': sampleSlot({ profile: sampleProfile({ kernel }) }) },
  });
  const machine: Machine = {
    id: 'm1' as MachineId,
    evidence: [{ kind: 'mac', value: POS_MAC, source: 'dhcp', firstSeen: T0, lastSeen: T0 }],
  };
  const boot: Boot = {
    ...{ id: 'b1' as BootId, machine: machine.id, mac: POS_MAC, slot: 'pos-1', revision: former, openedAt: T0 },
    ...{ stage: 'script', reached: { seen: T0 } },
  };

  const retry = '&errno=0x4c0a6092&step=kernel';

  async function isAnsweredByFormer(row: Boot, setting: Setting = { kept }, failed = retry): Promise<boolean> {
    const rows: Change[] = [
      leaseChange(sampleLease()),
      { table: 'machines', key: machine.id, row: machine },
      { table: 'boots', key: row.id, row },
    ];
    const { get, signals } = await setUp({ ...setting, rows });
    const { body } = await get(`/boot/script?mac=${POS_MAC}&platform=pcbios${failed}`);
    const isFormer = body.includes(kernel.digest);
    expect(signals.heard).toMatchObject([{ revision: isFormer ? former : sampleRevision().digest }]);
    await server.close();
    return isFormer;
  }

  it('is answered by its own revision once it was told to start something, and before by the newest', async () => {
    const byFormer: BootStage[] = [];
    for (const stage of BOOT_STAGES) if (await isAnsweredByFormer({ ...boot, stage })) byFormer.push(stage);
    expect(byFormer).toEqual(['script', 'kernel', 'os', 'configured', 'installing', 'done']);
  });

  it('is answered by the newest when nothing failed: its loader was started anew, and that is not yet written down', async () => {
    expect(await isAnsweredByFormer(boot, { kept }, '')).toBe(false);
    // The code of an error without its step is of no meaning, and a loader always has one.
    expect(await isAnsweredByFormer(boot, { kept }, '&errno=0x0&step=')).toBe(false);
    // It did not reach the site at its first try: what failed was no file of a boot.
    expect(await isAnsweredByFormer(boot, { kept }, '&errno=0x4c0a6092&step=')).toBe(false);
  });

  it('is answered by the newest when it has ended, over another NIC, and where its own is not kept', async () => {
    expect(await isAnsweredByFormer({ ...boot, outcome: { kind: 'superseded' }, closedAt: T0 })).toBe(false);
    expect(await isAnsweredByFormer({ ...boot, mac: OTHER_MAC })).toBe(false);
    expect(await isAnsweredByFormer(boot, {})).toBe(false);
  });
});

describe('a system with secrets', () => {
  const documents = {
    'user-data': { kind: 'text', text: '#cloud-config\n', fill: true, secret: true },
  } as const;
  const revision = sampleRevision({ slots: { 'pos-1': sampleSlot({ profile: sampleProfile({ documents }) }) } });
  const mine = `/boot/script?mac=${POS_MAC}`;

  it('has a token in its script if the wire shows the machine itself', async () => {
    const { get, signals } = await setUp({ revision });
    expect((await get(mine)).body).toContain('/t/read_525400000001_');
    expect(signals.heard.map(({ kind }) => kind)).toEqual(['script']);
  });

  it.each<readonly [string, string, boolean]>([
    ['another machine at its address', POS_ADDRESS, true],
    ['an address that nobody answers at', '10.0.0.200', false],
    ['an address beyond all networks without a lease', '10.9.0.7', false],
  ])('has none for %s, and that is written down', async (_, from, isTaken) => {
    const { get, signals, neighbours } = await setUp({ revision });
    if (isTaken) neighbours.set(POS_ADDRESS, OTHER_MAC);
    const { body } = await get(mine, from);
    expect(body).not.toContain('/t/');
    expect(body).toContain('another machine than 52:54:00:00:00:01 asks');
    expect(signals.heard.map(({ kind }) => kind)).toContain('secret-refused');
    if (isTaken) expect(signals.heard.map(({ kind }) => kind)).not.toContain('script');
  });

  it('has one behind a relay, where the lease counts', async () => {
    const { get } = await setUp({ revision, rows: [leaseChange(sampleLease({ address: '10.9.0.7' as Ipv4 }))] });
    expect((await get(mine, '10.9.0.7')).body).toContain('/t/read_525400000001_');
  });
});

describe('a question of GRUB', () => {
  const ask = async (desk: BootDesk, serial = 'X1') => {
    const values = new Map([
      ['mac', POS_MAC],
      ['buildarch', 'x86_64'],
      ['platform', 'efi'],
      ['serial', serial],
    ]);
    const peer = desk.peerOf(POS_ADDRESS, '');
    return desk.answer({ peer, values: (name) => values.get(name), loader: 'grub' });
  };

  it('is answered by the same decision, which is seen when the answer has arrived', async () => {
    const { desk, signals } = await setUp();
    const answer = await ask(desk);
    expect(answer?.text).toMatch(
      /^function slipway_answer \{\n[\s\S]*\n {4}if linux '\(tftp,10\.0\.0\.1\)\/assets\/sha256\//,
    );
    // Anybody can write an address on a datagram: only who has it can confirm what went there.
    expect(signals.heard).toEqual([]);
    answer?.delivered();
    expect(signals.heard).toMatchObject([{ kind: 'script', answer: { kind: 'live', slot: 'pos-1' } }]);
  });

  it('gets no command line that GRUB would change', async () => {
    const cmdline = [{ key: 'note', value: '"a' }];
    const { desk } = await setUp({
      revision: sampleRevision({ slots: { 'pos-1': sampleSlot({ profile: sampleProfile({ cmdline }) }) } }),
    });
    expect((await ask(desk))?.text).toContain('which GRUB would change');
  });
});
