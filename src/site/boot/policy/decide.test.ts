// biome-ignore-all lint/suspicious/noTemplateCurlyInString: iPXE writes its settings like this.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  INITRD,
  KERNEL,
  OTHER_MAC,
  POS_MAC,
  SITE,
  sampleProfile,
  sampleRevision,
  sampleSlot,
  T0,
} from '../../../../test/support/sample-site.ts';
import type { Boot, BootId } from '../../../model/boot.ts';
import type { AssetState } from '../../../model/content.ts';
import type { Machine, MachineId } from '../../../model/machine.ts';
import { ARMED, fencedMark, type Order, type OrderId } from '../../../model/order.ts';
import type { HardwareClass, Revision } from '../../../model/revision.ts';
import { createState } from '../../../model/state.ts';
import type { Change } from '../../../model/store.ts';
import { decideBoot } from './decide.ts';
import { answerOf, type BootRequest, type ScriptFile } from './decision.ts';
import { bootArch, type MachineEnv } from './machine-env.ts';
import { renderScript } from './scripts.ts';

const bios: MachineEnv = { platform: 'pcbios', buildarch: 'i386', longMode: 'yes' };
const efi: MachineEnv = { platform: 'efi', buildarch: 'x86_64', longMode: 'unknown' };
const complete: AssetState = { kind: 'complete', sizeBytes: 1_000 };

function ask(changes: Partial<BootRequest> = {}): BootRequest {
  return { claim: { mac: POS_MAC }, env: bios, waitedSeconds: 0, givenUp: false, isRetry: false, ...changes };
}

function decide(
  request: BootRequest,
  revision: Revision | undefined = sampleRevision(),
  asset: Readonly<Record<string, AssetState>> = {},
  state = createState(),
  isSelf = true,
) {
  return decideBoot(request, {
    state,
    revision,
    site: SITE,
    assetState: (digest) => asset[digest] ?? complete,
    now: T0,
    readToken: (mac) => `read-${mac.replaceAll(':', '')}`,
    freshCode: () => 'K7QX',
    isSelf,
  });
}

const nuc: HardwareClass = {
  name: 'nuc',
  match: { manufacturer: 'Intel*', product: 'NUC*' },
  arch: 'amd64',
  loader: 'ipxe',
  localBoot: 'exit',
};
const stranger = ask({ claim: { mac: OTHER_MAC } });

describe('a machine in a slot', () => {
  it('waits for a secret that nobody has set', () => {
    const documents = { talos: { kind: 'text', text: 'a: @{secret.x}\n', fill: true, secret: true } } as const;
    const revision = sampleRevision({ slots: { 'pos-1': sampleSlot({ profile: sampleProfile({ documents }) }) } });
    const context = { state: createState(), revision, site: SITE, assetState: () => complete, now: T0 };
    const lackOfSecrets = (names: readonly string[]) => (names.includes('x') ? 'secret "x" is not set' : undefined);
    expect(
      decideBoot(ask(), { ...context, lackOfSecrets, readToken: () => 'read', freshCode: () => 'K7QX', isSelf: true }),
    ).toMatchObject({
      kind: 'wait',
      because: 'demo is not ready: secret "x" is not set',
    });
  });

  it('waits for the images that its profile requires, and for no others', () => {
    const revision = sampleRevision({
      slots: { 'pos-1': sampleSlot({ profile: sampleProfile({ requiresImages: ['app'] }) }) },
    });
    const context = { state: createState(), revision, site: SITE, now: T0, isSelf: true, readToken: () => 'read' };
    const missing = new Map([
      ['app', 'image app: 40 %'],
      ['other', 'image other: not begun'],
    ]);
    const lackOfImages = (names: readonly string[]) => names.flatMap((name) => missing.get(name) ?? [])[0];
    const withImages = { ...context, lackOfImages, freshCode: () => 'K7QX' };
    const queueFor = () => expect.unreachable('a place in the queue before its images are here');
    expect(decideBoot(ask(), { ...withImages, assetState: () => complete, queueFor })).toEqual({
      ...{ kind: 'wait', slot: 'pos-1', because: 'demo is not ready: image app: 40 %' },
      ...{ holdSeconds: 300, leftSeconds: 300, localBoot: 'sanboot' },
    });
    expect(decideBoot(ask({ waitedSeconds: 300 }), { ...withImages, assetState: () => complete })).toMatchObject({
      ...{ kind: 'local', because: 'demo is not ready: image app: 40 %' },
    });
    expect(decideBoot(ask(), { ...withImages, assetState: () => ({ kind: 'absent' }) })).toMatchObject({
      because: 'demo is not ready: kernel is not here yet, initramfs is not here yet, image app: 40 %',
    });
    missing.delete('app');
    expect(decideBoot(ask(), { ...withImages, assetState: () => complete })).toMatchObject({ kind: 'live' });
  });

  it('waits in the queue once all is here for it, and gets no token before its turn', () => {
    const documents = { 'user-data': { kind: 'text', text: 'x\n', fill: true, secret: true } } as const;
    const revision = sampleRevision({ slots: { 'pos-1': sampleSlot({ profile: sampleProfile({ documents }) }) } });
    const asked: unknown[] = [];
    const context = { state: createState(), revision, site: SITE, now: T0, freshCode: () => 'K7QX', isSelf: true };
    const readToken = () => 'read';
    const queueFor = (files: readonly ScriptFile[]) => {
      asked.push(files.map(({ digest }) => digest));
      return 14;
    };
    const inQueue = { ...context, readToken: () => expect.unreachable('a token before its turn'), queueFor };
    const queue = { kind: 'queue', slot: 'pos-1', place: 14, holdSeconds: 300, localBoot: 'sanboot' };
    expect(decideBoot(ask({ waitedSeconds: 900 }), { ...inQueue, assetState: () => complete })).toEqual(queue);
    expect(asked).toEqual([[KERNEL, INITRD]]);
    expect(decideBoot(ask(), { ...inQueue, assetState: () => ({ kind: 'absent' }) }).kind).toBe('wait');
    const atLast = { ...context, assetState: () => complete, readToken, queueFor: () => undefined };
    expect(decideBoot(ask(), atLast).kind).toBe('live');
  });

  it('runs live, with its command line filled', () => {
    expect(decide(ask())).toEqual({
      kind: 'live',
      slot: 'pos-1',
      profile: 'demo',
      kernel: { digest: KERNEL, name: 'vmlinuz', sizeBytes: 1_000 },
      initrds: [{ digest: INITRD, name: 'initrd.img', sizeBytes: 1_000 }],
      cmdline: ['console=ttyS0', 'quiet', 'ds=nocloud-net;s=http://10.0.0.1/nocloud/52-54-00-00-00-01/'],
      localBoot: 'sanboot',
    });
  });

  it.each([
    [{ [KERNEL]: { kind: 'filling', bytesDone: 40, sizeBytes: 100 } }, 'demo is not ready: kernel 40 %'],
    [
      { [KERNEL]: { kind: 'filling', bytesDone: 40 }, [INITRD]: { kind: 'absent' } },
      'demo is not ready: kernel is on its way, initramfs is not here yet',
    ],
    [
      { [INITRD]: { kind: 'failed', because: 'no route to host', nextTryAt: 0 } },
      'demo is not ready: initramfs could not be fetched (no route to host)',
    ],
  ] as const)('waits while %j', (assets, because) => {
    expect(decide(ask(), undefined, assets)).toEqual({
      kind: 'wait',
      slot: 'pos-1',
      because,
      holdSeconds: 300,
      leftSeconds: 300,
      localBoot: 'sanboot',
    });
    expect(decide(ask({ waitedSeconds: 290 }), undefined, assets)).toMatchObject({ kind: 'wait', leftSeconds: 10 });
    expect(decide(ask({ waitedSeconds: 300 }), undefined, assets)).toMatchObject({ kind: 'local', because });
  });

  it('is refused where another machine fills the slot', () => {
    const incumbent: Machine = {
      id: 'm1' as MachineId,
      evidence: [
        { kind: 'mac', value: POS_MAC, source: 'dhcp', firstSeen: T0, lastSeen: T0 },
        { kind: 'serial', value: 'X1', source: 'script', firstSeen: T0, lastSeen: T0 },
      ],
    };
    const state = createState([
      { table: 'machines', key: 'm1', row: incumbent },
      {
        table: 'bindings',
        key: 'pos-1#1',
        row: { slot: 'pos-1', number: 1, machine: incumbent.id, since: T0, health: 'waiting' },
      },
    ]);
    const revision = sampleRevision({
      slots: { 'pos-1': sampleSlot({ match: [{ mac: POS_MAC }, { serial: 'Y2' }] }) },
    });
    expect(decide(ask({ claim: { mac: OTHER_MAC, serial: 'Y2' } }), revision, {}, state)).toMatchObject({
      kind: 'refuse',
      because: 'pos-1 is taken: the machine with serial X1 fills it, and this machine matches it too',
      code: 'K7QX',
    });
  });

  it('is refused where its processor cannot start the kernel', () => {
    expect(decide(ask({ env: { ...bios, longMode: 'no' } }))).toMatchObject({
      kind: 'refuse',
      because: 'pos-1 is for another kind of computer (amd64; this one: i386 loader on pcbios)',
    });
    expect(decide(ask({ env: { ...efi, buildarch: 'arm64' } }))).toMatchObject({
      kind: 'refuse',
      because: 'pos-1 is for another kind of computer (amd64; this one: arm64 loader on efi)',
    });
  });

  it('goes on with its disk when its script gave up', () => {
    expect(decide(ask({ givenUp: true }))).toMatchObject({
      kind: 'local',
      because: 'the files of pos-1 did not arrive in many tries; switch the machine off and on to try again',
    });
    const because = expect.stringContaining('or were refused ("bad shim signature": by Secure Boot)');
    expect(decide(ask({ givenUp: true, env: efi, loader: 'grub' }))).toMatchObject({ kind: 'local', because });
  });

  it.each([
    { key: 'x', value: 'a\nshell' },
    { key: 'x', value: '${serial}' },
    { key: 'x', value: '1 || shell' },
    { key: 'x', value: '@{boot.unknown}' },
  ])('is refused where its command line holds %j', (word) => {
    const slot = sampleSlot({ profile: sampleProfile({ cmdline: [word] }) });
    expect(decide(ask(), sampleRevision({ slots: { 'pos-1': slot } })).kind).toBe('refuse');
  });
});

describe('a machine in a slot that is installed', () => {
  const secret = { kind: 'text', text: 'x', fill: false, secret: true } as const;
  const profile = sampleProfile({
    name: 'pos',
    kind: 'install',
    install: { completes: 'phone-home', attempts: 3, withinSeconds: 2_700, disk: 'vda' },
    documents: { 'user-data': secret },
  });
  const revision = sampleRevision({ slots: { 'pos-1': sampleSlot({ profile }) } });
  const machine: Machine = {
    id: 'm1' as MachineId,
    evidence: [{ kind: 'mac', value: POS_MAC, source: 'dhcp', firstSeen: T0, lastSeen: T0 }],
  };
  const order: Order = {
    id: 'o1' as OrderId,
    slot: 'pos-1',
    binding: 1,
    profile: profile.digest,
    by: { kind: 'person', name: 'cli' },
    createdAt: T0,
    expiresAt: T0 + 60_000,
    attempts: 1,
    maxAttempts: 3,
    wipe: false,
    state: { kind: 'open' },
  };
  const armed: Change = { table: 'marks', key: ARMED, row: { at: T0, by: 'cli' } };
  const fenced: Change = {
    table: 'marks',
    key: fencedMark('m1'),
    row: { at: T0, by: 'page', because: 'pos-1 has m2' },
  };
  const known: Change = { table: 'machines', key: 'm1', row: machine };
  const bound: Change = {
    table: 'bindings',
    key: 'pos-1#1',
    row: { slot: 'pos-1', number: 1, machine: machine.id, since: T0, health: 'waiting' },
  };
  const ordered: Change = { table: 'orders', key: 'o1', row: order };
  const all = [armed, known, bound, ordered];

  it('is installed by its order, with a token for what is secret', () => {
    const decision = decide(ask(), revision, {}, createState(all));
    expect(decision).toMatchObject({
      kind: 'install',
      slot: 'pos-1',
      order: { id: 'o1' },
      attempt: 2,
      disk: 'vda',
      cmdline: expect.arrayContaining(['ds=nocloud-net;s=http://10.0.0.1/t/read-525400000001/']),
    });
    expect(answerOf(decision)).toEqual({ kind: 'install', slot: 'pos-1', profile: 'pos', order: 'o1' });
  });

  describe('whose disk is to be erased first', () => {
    const wipe = [
      { key: 'talos.experimental.wipe', value: 'system' },
      { key: 'report', value: '@{boot.url.base}' },
    ];
    const plan = { completes: 'phone-home', attempts: 3, withinSeconds: 2_700, wipe } as const;
    const slots = { 'pos-1': sampleSlot({ profile: { ...profile, install: plan } }) };
    const decideWith = (changes: Partial<Order>, asked: Partial<BootRequest> = {}) => {
      const row = { ...order, ...changes };
      return decide(
        ask(asked),
        sampleRevision({ slots }),
        {},
        createState([armed, known, bound, { table: 'orders', key: 'o1', row }]),
      );
    };

    it('has the words for that, filled and behind its own', () => {
      const decision = decideWith({ wipe: true });
      expect(decision).toMatchObject({ kind: 'install', wipe: true });
      expect('cmdline' in decision && decision.cmdline.slice(-2)).toEqual([
        'talos.experimental.wipe=system',
        'report=http://10.0.0.1',
      ]);
      expect(answerOf(decision)).toMatchObject({ kind: 'install', wipe: true });
    });

    it.each<[string, Partial<Order>]>([
      ['was not ordered so', { wipe: false }],
      ['was erased', { wipe: true, wiped: 'b1' as BootId }],
    ])('has none of them where it %s', (_, changes) => {
      const decision = decideWith(changes);
      expect(decision).toMatchObject({ kind: 'install', wipe: false });
      expect('cmdline' in decision && decision.cmdline.join(' ')).not.toContain('wipe');
    });
  });

  it('has no token where nothing is secret', () => {
    const open = { ...profile, documents: {} };
    const slots = { 'pos-1': sampleSlot({ profile: open }) };
    expect(decide(ask(), sampleRevision({ slots }), {}, createState(all))).toMatchObject({
      cmdline: expect.arrayContaining(['ds=nocloud-net;s=http://10.0.0.1/nocloud/52-54-00-00-00-01/']),
    });
  });

  it('boots its own disk without an order, whatever else is missing', () => {
    const assets = { [KERNEL]: { kind: 'absent' } } as const;
    expect(decide(ask(), revision, assets, createState([armed, known, bound]))).toEqual({
      kind: 'local',
      because: 'no order: it boots its own disk',
      toDo: 'if it is to be installed, slipway reinstall pos-1',
      localBoot: 'sanboot',
    });
    expect(decide(ask(), revision, {}, createState([known, bound, ordered]))).toMatchObject({
      kind: 'local',
      because: 'this site is not armed yet: it installs nothing',
    });
    expect(decide(ask(), revision, {}, createState())).toMatchObject({ kind: 'local' });
  });

  it('waits for its files where it has an order', () => {
    expect(decide(ask(), revision, { [KERNEL]: { kind: 'absent' } }, createState(all))).toMatchObject({
      kind: 'wait',
      because: 'pos is not ready: kernel is not here yet',
    });
  });

  it('waits for a moment where the site has just recognised it', () => {
    const because = 'this machine is being written down for pos-1';
    expect(decide(ask(), revision, {}, createState([armed]))).toMatchObject({ kind: 'wait', because });
    expect(decide(ask({ waitedSeconds: 300 }), revision, {}, createState([armed]))).toMatchObject({
      kind: 'local',
      because: 'this machine does not fill pos-1',
    });
  });

  it('is told that it was replaced', () => {
    const successor: Change = {
      table: 'bindings',
      key: 'pos-1#2',
      row: { slot: 'pos-1', number: 2, machine: 'm2' as MachineId, since: T0, health: 'waiting' },
    };
    expect(decide(ask(), revision, {}, createState([...all, successor, fenced]))).toEqual({
      kind: 'local',
      because: 'replaced: this machine was fenced by page, pos-1 has m2',
      toDo: 'take it away, or have it given another slot',
      code: 'K7QX',
      localBoot: 'sanboot',
    });
    expect(decide(ask(), revision, {}, createState([...all, successor])).kind).toBe('wait');
  });
});

describe('a machine in no slot', () => {
  it('is held with a code, and goes on with its disk after its time', () => {
    expect(decide(stranger)).toEqual({
      kind: 'hold',
      code: 'K7QX',
      holdSeconds: 300,
      leftSeconds: 300,
      localBoot: 'sanboot',
    });
    expect(decide({ ...stranger, waitedSeconds: 300 })).toMatchObject({
      kind: 'local',
      because: 'nobody gave this machine a slot within 5 min',
    });
  });

  it('keeps its code while it asks again, and for ten minutes after its boot; nobody else is shown it', () => {
    const machine: Machine = {
      id: 'm9' as MachineId,
      evidence: [{ kind: 'mac', value: OTHER_MAC, source: 'script', firstSeen: T0, lastSeen: T0 }],
    };
    const boot = {
      id: 'b9' as BootId,
      machine: machine.id,
      mac: OTHER_MAC,
      openedAt: T0,
      stage: 'held',
      reached: {},
    } as const;
    const codeAfter = (changes: Partial<Boot>, isSelf = true) => {
      const rows: Change[] = [
        { table: 'machines', key: machine.id, row: machine },
        { table: 'boots', key: boot.id, row: { ...boot, ...changes } },
      ];
      const decision = decide(stranger, undefined, {}, createState(rows), isSelf);
      return decision.kind === 'hold' ? decision.code : decision.kind;
    };
    expect(codeAfter({ code: 'ABCD' })).toBe('ABCD');
    expect(codeAfter({ code: 'ABCD' }, false)).toBe('K7QX');
    expect(codeAfter({ code: 'ABCD', closedAt: T0 - 60_000 })).toBe('ABCD');
    expect(codeAfter({ code: 'ABCD', closedAt: T0 - 600_000 })).toBe('K7QX');
    expect(codeAfter({ code: 'ABCD', mac: POS_MAC })).toBe('K7QX');
    expect(codeAfter({})).toBe('K7QX');
  });

  it('is left alone where the template says so', () => {
    const ignoring = { ...sampleRevision().unknownMachines, action: 'ignore' as const };
    expect(decide(stranger, sampleRevision({ unknownMachines: ignoring })).kind).toBe('local');
    const byMac = { ...sampleRevision().unknownMachines, ignore: ['52:54:00:00:*'] };
    expect(decide(stranger, sampleRevision({ unknownMachines: byMac })).kind).toBe('local');
  });

  it('waits for a site that has no template yet, for five minutes', () => {
    const context = {
      state: createState(),
      revision: undefined,
      site: SITE,
      assetState: () => complete,
      now: T0,
      readToken: () => 'none',
      freshCode: () => 'K7QX',
      isSelf: true,
    };
    expect(decideBoot(ask(), context)).toMatchObject({
      kind: 'wait',
      because: 'the site is starting and does not know yet what its machines run',
    });
    expect(decideBoot(ask({ waitedSeconds: 300 }), context).kind).toBe('local');
  });
});

describe('the way to the disk', () => {
  it.each([
    ['BIOS', bios, {}, 'sanboot'],
    ['UEFI', efi, {}, 'exit'],
    ['a class of its own', bios, { manufacturer: 'Intel(R) Client Systems', product: 'NUC11TNHi5' }, 'exit'],
    ['another maker', bios, { manufacturer: 'Dell', product: 'NUC' }, 'sanboot'],
  ] as const)('%s', (_name, env, said, expected) => {
    const request = ask({ env, claim: { mac: OTHER_MAC, ...said } });
    expect(decide(request, sampleRevision({ hardware: [nuc] }))).toMatchObject({ localBoot: expected });
  });

  it('of a slot that names its class', () => {
    const slots = { 'pos-1': sampleSlot({ hardware: 'nuc' }) };
    expect(decide(ask(), sampleRevision({ hardware: [nuc], slots }))).toMatchObject({ localBoot: 'exit' });
  });
});

describe('what a machine is', () => {
  it.each([
    ['i386 on BIOS', bios, 'amd64'],
    ['i386 on BIOS without long mode', { ...bios, longMode: 'no' }, undefined],
    ['i386 on UEFI', { ...bios, platform: 'efi' }, undefined],
    ['x86_64', efi, 'amd64'],
    ['arm64', { ...efi, buildarch: 'arm64' }, 'arm64'],
    ['arm32', { ...efi, buildarch: 'arm32' }, undefined],
    ['a loader that says nothing', { ...efi, buildarch: '' }, 'amd64'],
  ] as const)('%s', (_name, env, expected) => expect(bootArch(env)).toBe(expected));
});

describe('whatever a machine says of itself', () => {
  it('the script has the same commands', () => {
    const skeleton = (text: string) => text.replace(/ .*$/gm, '');
    const plain = skeleton(renderScript(decide(ask()), { siteName: 's', site: SITE, claim: { mac: POS_MAC } }));
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\nshell\n', '|| shell', '; exit', '${x}', '# ', '\\'),
    );
    fc.assert(
      fc.property(text, text, text, (manufacturer, product, serial) => {
        const claim = { mac: POS_MAC, manufacturer, product, serial };
        const script = renderScript(decide(ask({ claim })), { siteName: 's', site: SITE, claim });
        expect(skeleton(script)).toBe(plain);
      }),
      { seed: Number(process.env['SLIPWAY_SEED'] ?? 1) },
    );
  });
});
