import { describe, expect, it } from 'vitest';
import { sampleCode } from '../../../../test/support/sample-code.ts';
import {
  leaseChange,
  OTHER_MAC,
  POS_ADDRESS,
  POS_MAC,
  SITE,
  sampleLease,
  sampleRevision,
  sampleSlot,
  T0,
} from '../../../../test/support/sample-site.ts';
import type { Digest } from '../../../kernel/digest.ts';
import { type Ipv4, parseIpv4 } from '../../../kernel/ipv4.ts';
import type { MacAddress } from '../../../kernel/mac.ts';
import { bindingKey } from '../../../model/boot.ts';
import { leaseKey } from '../../../model/lease.ts';
import type { ScriptAnswer, Signal } from '../../../model/signal.ts';
import { applyChanges, createState } from '../../../model/state.ts';
import { Memory } from './memory.ts';
import { reduce } from './reduce.ts';
import { viewDetail, viewNodes, viewStatus } from './views.ts';

const ip = (text: string): Ipv4 => parseIpv4(text) ?? expect.unreachable();
const digest = 'a'.repeat(64) as Digest;
const revision = sampleRevision({
  slots: { 'pos-1': sampleSlot(), 'pos-2': sampleSlot({ name: 'pos-2', match: [{ serial: 'Z' }] }) },
  assets: [{ digest, name: 'vmlinuz', sources: [] }],
});

function script(at: number, answer: ScriptAnswer, mac = POS_MAC): Signal {
  return {
    kind: 'script',
    at: T0 + at,
    claim: { mac, manufacturer: 'QEMU', serial: 'X1' },
    address: POS_ADDRESS,
    answer,
  };
}
const live = script(0, { kind: 'live', slot: 'pos-1', profile: 'demo' });
const asset: Signal = {
  kind: 'asset',
  at: T0 + 1_000,
  mac: POS_MAC,
  digest,
  file: 'vmlinuz',
  bytesSent: 41,
  sizeBytes: 100,
  done: false,
};
const phoneHome: Signal = { kind: 'phone-home', at: T0 + 30_000, mac: POS_MAC, issuedAt: T0 };

function worldAfter(signals: readonly Signal[], nowMs = 60_000) {
  const state = createState([leaseChange(sampleLease())]);
  const memory = new Memory();
  applyChanges(state, reduce(state, signals, { memory, revision }).changes);
  return { state, revision, now: T0 + nowMs, progressOf: memory.progressOf.bind(memory) };
}

describe('beside another server', () => {
  const context = (changes: object) => {
    const { state, ...world } = worldAfter([live, asset, phoneHome]);
    applyChanges(state, [{ table: 'leases', key: leaseKey('nodes', POS_MAC), row: null }]);
    const seenAt = (mac: MacAddress) => (mac === POS_MAC ? [ip('10.99.0.9'), ip('10.0.0.150')] : []);
    return { ...world, state, seenAt, ...changes };
  };

  it('a node has the address that the wire shows in that network, and nobody knows whether it is lost', () => {
    const node = viewNodes(context({ leasedElsewhere: new Set(['nodes']) })).nodes[0];
    expect(node).toMatchObject({
      ...{ machine: { address: '10.0.0.150' }, unwatched: expect.stringContaining('not known beside another server') },
    });
  });

  it('is not so where the site leases: there the lease tells it', () => {
    const node = viewNodes(context({ leasedElsewhere: new Set() })).nodes[0];
    expect([node?.machine?.address, node?.unwatched]).toEqual([undefined, undefined]);
  });
});

describe('a slot', () => {
  it.each([
    ['empty', [], 'empty', 'no machine fills it yet'],
    ['with its script', [live], 'booting', 'booting: has its script'],
    ['while its kernel is on its way', [live, asset], 'booting', 'booting: vmlinuz 41 %'],
    ['that is up', [live, asset, phoneHome], 'enrolled', 'enrolled, up after 30.0 s'],
    [
      'that boots its own disk',
      [live, script(2_000, { kind: 'local', because: 'demo is not ready' })],
      'local',
      'went on with its own disk: demo is not ready',
    ],
    [
      'whose machine is refused',
      [live, script(2_000, { kind: 'refuse', because: 'it is arm64' })],
      'refused',
      'refused: it is arm64',
    ],
  ] as const)('%s', (_name, signals, state, sentence) => {
    expect(viewNodes(worldAfter(signals)).nodes[0]).toMatchObject({ slot: 'pos-1', profile: 'demo', state, sentence });
  });

  it('that stands still is stalled wherever a person looks, and so is its boot when it was given up', () => {
    const world = worldAfter([live, asset]);
    const tick: Signal = { kind: 'tick', at: T0 + 190_000, listeningSince: T0 };
    applyChanges(world.state, reduce(world.state, [tick], { memory: new Memory(), revision }).changes);
    const sentence = expect.stringMatching(/^stalled: .*; it fetched its system, .*Look at its screen/);
    const { nodes } = viewNodes(world);
    expect(nodes[0]).toMatchObject({ state: 'stalled', since: T0 + 1_000, sentence, machine: { sentence } });
    const detail = viewDetail('pos-1', world);
    expect(detail?.boots[0]).toMatchObject({ sentence, stall: { stage: 'kernel' } });
    expect(detail?.boots[0]).not.toHaveProperty('outcome');
    const again: Signal = {
      ...{ kind: 'dhcp', at: T0 + 200_000, mac: POS_MAC, client: 'firmware', clientKind: 'bios', message: 'request' },
    };
    applyChanges(world.state, reduce(world.state, [again], { memory: new Memory(), revision }).changes);
    expect(viewNodes(world).nodes[0]).toMatchObject({ state: 'booting' });
    expect(viewDetail('pos-1', world)?.boots[1]).toMatchObject({
      outcome: 'stalled',
      sentence,
      stall: { nextStep: expect.any(String) },
    });
  });

  it('waits for its turn as long as its machine is in the queue', () => {
    const world = worldAfter([script(0, { kind: 'queue', place: 14 })], 601_000);
    const inQueue = { ...world, placeOf: (mac: MacAddress) => (mac === POS_MAC ? 9 : undefined) };
    expect(viewNodes(inQueue).nodes[0]).toMatchObject({
      state: 'booting',
      sentence: 'booting: waits for its turn: place 9 in the queue',
    });
    expect(viewNodes(world).nodes[0]?.sentence).not.toContain('queue');
  });

  it('says when nothing happens any more', () => {
    expect(viewNodes(worldAfter([live, asset], 601_000)).nodes[0]?.sentence).toBe(
      'booting: vmlinuz 41 %; nothing more for 10 min. Look at its screen, then at its network cable',
    );
  });

  it('that is enrolled, and of whose boots nothing is kept, stays so: another appliance saw them', () => {
    const world = worldAfter([live, asset, phoneHome]);
    applyChanges(world.state, [{ table: 'boots', key: 'b1', row: null }]);
    const sentence = 'enrolled, was not seen booting since';
    expect(viewNodes(world).nodes[0]).toMatchObject({ state: 'enrolled', sentence, since: T0 + 30_000 });
    const binding = world.state.currentBinding('pos-1');
    if (!binding) throw new Error('no binding');
    const row = { ...binding, health: 'waiting' } as const;
    applyChanges(world.state, [{ table: 'bindings', key: bindingKey('pos-1', row.number), row }]);
    expect(viewNodes(world).nodes[0]).toMatchObject({ state: 'waiting', sentence: 'was not yet seen booting' });
  });

  it('shows its machine and the time of each stage', () => {
    expect(viewNodes(worldAfter([live, asset, phoneHome])).nodes[0]).toMatchObject({
      binding: 1,
      since: T0 + 30_000,
      machine: { id: 'm1', macs: [POS_MAC], manufacturer: 'QEMU', serial: 'X1', address: POS_ADDRESS, held: false },
      boot: {
        id: 'b1',
        outcome: 'live',
        tookMs: 30_000,
        stages: [
          { stage: 'seen', at: T0, tookMs: 0 },
          { stage: 'script', at: T0, tookMs: 1_000 },
          { stage: 'kernel', at: T0 + 1_000, tookMs: 29_000 },
          { stage: 'done', at: T0 + 30_000, tookMs: 0 },
        ],
      },
    });
  });
});

describe('a machine in no slot', () => {
  const hold = script(0, { kind: 'hold', code: sampleCode(OTHER_MAC) }, OTHER_MAC);

  it('is not listed once its last NIC proved to be that of another', () => {
    const world = worldAfter([script(0, { kind: 'hold', code: 'ABCD' }, OTHER_MAC)]);
    const [[id, machine] = []] = world.state.machines;
    if (!id || !machine) throw new Error('no machine');
    const evidence = machine.evidence.filter(({ kind }) => kind !== 'mac');
    applyChanges(world.state, [{ table: 'machines', key: id, row: { ...machine, evidence } }]);
    expect(viewNodes(world).machines).toEqual([]);
  });

  it('is listed beside the slots, at the terminal with the code on its screen', () => {
    const seen = { id: 'm1', held: true, sentence: 'shows its code' };
    const atTerminal = { ...worldAfter([hold]), showsCodes: true };
    expect(viewNodes(atTerminal).machines).toMatchObject([{ ...seen, code: sampleCode(OTHER_MAC) }]);
    expect(viewNodes(worldAfter([hold])).machines).toMatchObject([seen]);
    expect(JSON.stringify(viewNodes(worldAfter([hold])))).not.toContain(sampleCode(OTHER_MAC));
  });

  it.each(['m1', sampleCode(OTHER_MAC), sampleCode(OTHER_MAC).toLowerCase(), OTHER_MAC])('is found as %s', (name) => {
    const atTerminal = { ...worldAfter([hold]), showsCodes: true };
    expect(viewDetail(name, atTerminal)).toMatchObject({ machine: { id: 'm1' }, boots: [{ id: 'b1' }] });
  });

  it('is not found by its code over the network: who tries codes would learn which is right', () => {
    expect(viewDetail(sampleCode(OTHER_MAC), worldAfter([hold]))).toBeUndefined();
  });

  it.each(['m9', 'pos-9', 'toString'])('%s is nothing', (name) =>
    expect(viewDetail(name, worldAfter([hold]))).toBeUndefined(),
  );
});

it('a slot has all its boots, the newest first', () => {
  const again: Signal = {
    kind: 'dhcp',
    at: T0 + 90_000,
    mac: POS_MAC,
    client: 'firmware',
    clientKind: 'bios',
    message: 'request',
  };
  const detail = viewDetail('pos-1', worldAfter([live, asset, phoneHome, again], 100_000));
  expect(detail).toMatchObject({ node: { slot: 'pos-1', state: 'booting' }, boots: [{ id: 'b2' }, { id: 'b1' }] });
});

it('the site on one screen', () => {
  const context = {
    ...worldAfter([live, asset, phoneHome, script(0, { kind: 'hold', code: 'X' }, OTHER_MAC)]),
    siteName: 'store-0417',
    addresses: [SITE],
    notReady: [],
    templateRefused: 'store.yaml:3:1 spec: it is not right',
    missingSecrets: ['joinToken'],
    assetState: () => ({ kind: 'filling', bytesDone: 40, sizeBytes: 100 }) as const,
  };
  expect(viewStatus(context)).toEqual({
    site: 'store-0417',
    at: T0 + 60_000,
    ready: true,
    notReady: [],
    templateRefused: 'store.yaml:3:1 spec: it is not right',
    revision: { number: 3, digest: revision.digest, template: 'retail' },
    networks: [{ name: 'nodes', subnet: '10.0.0.0/24', serverAddress: '10.0.0.1', leases: 1, otherServers: [] }],
    slots: { empty: 1, waiting: 0, booting: 0, stalled: 0, enrolled: 1, lost: 0, local: 0, refused: 0 },
    held: 1,
    assets: [{ name: 'vmlinuz', digest, complete: false, sentence: 'on its way: 40 %' }],
    alarms: [],
    missingSecrets: ['joinToken'],
  });
  expect(viewStatus({ ...context, revision: undefined, notReady: ['no template'] })).toMatchObject({
    ready: false,
    networks: [],
  });
});
