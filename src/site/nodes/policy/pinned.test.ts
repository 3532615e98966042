import { describe, expect, it } from 'vitest';
import {
  OTHER_MAC,
  POS_ADDRESS,
  POS_MAC,
  sampleRevision,
  sampleSlot,
  T0,
} from '../../../../test/support/sample-site.ts';
import type { Digest } from '../../../kernel/digest.ts';
import type { ScriptAnswer, Signal } from '../../../model/signal.ts';
import { applyChanges, createState } from '../../../model/state.ts';
import { Memory } from './memory.ts';
import { reduce } from './reduce.ts';

const [A, B, C] = ['a', 'b', 'c'].map((letter) => letter.repeat(64) as Digest) as [Digest, Digest, Digest];
/** The second template moves the machine to another slot. */
const revisions = {
  [A]: sampleRevision({ digest: A, number: 1 }),
  [B]: sampleRevision({ digest: B, number: 2, slots: { 'pos-2': sampleSlot({ name: 'pos-2' }) } }),
};
const live: ScriptAnswer = { kind: 'live', slot: 'pos-1', profile: 'demo' };
const wait: ScriptAnswer = { kind: 'wait', because: 'kernel 40 %' };

class World {
  readonly state = createState();
  readonly #memory = new Memory();
  current: Digest = A;

  tell(...signals: Signal[]): this {
    const given = {
      memory: this.#memory,
      revision: revisions[this.current],
      keptRevision: (digest: Digest) => revisions[digest],
    };
    for (const signal of signals) applyChanges(this.state, reduce(this.state, [signal], given).changes);
    return this;
  }

  get boots() {
    return [...this.state.boots.values()].map(({ revision, slot, stage }) => [revision, slot, stage]);
  }
}

const dhcp = (at: number, client: 'firmware' | 'ipxe' | 'os'): Signal => ({
  ...{ kind: 'dhcp', at: T0 + at, mac: POS_MAC, client, clientKind: 'bios', message: 'request' },
});
const script = (at: number, answer: ScriptAnswer, revision?: Digest): Signal => ({
  ...{ kind: 'script', at: T0 + at, claim: { mac: POS_MAC }, address: POS_ADDRESS, answer },
  ...(revision ? { revision } : {}),
});
const document = (at: number, name: string): Signal => ({
  ...{ kind: 'document', at: T0 + at, mac: POS_MAC, document: name, address: POS_ADDRESS },
});

describe('the revision of a boot', () => {
  it('moves on with the questions of its loader until it was told to start something', () => {
    const world = new World().tell(dhcp(0, 'firmware'), dhcp(5_000, 'ipxe'), script(6_000, wait, A));
    expect(world.boots).toEqual([[A, 'pos-1', 'loader']]);
    world.current = B;
    world.tell(script(11_000, wait, B));
    expect(world.boots).toEqual([[B, 'pos-2', 'loader']]);
    world.tell(script(16_000, { ...live, slot: 'pos-2' }, B));
    world.current = A;
    world.tell(script(21_000, { ...live, slot: 'pos-2' }, B));
    expect(world.boots).toEqual([[B, 'pos-2', 'script']]);
  });

  it('moves on while it is held', () => {
    const world = new World().tell(dhcp(0, 'firmware'), script(6_000, { kind: 'hold', code: 'ABCD' }, A));
    world.tell(script(11_000, { kind: 'hold', code: 'ABCD' }, B));
    expect(world.boots).toEqual([[B, 'pos-2', 'held']]);
  });

  it('is the one by which it was answered, also when another came into force a moment before that is written down', () => {
    const world = new World().tell(dhcp(0, 'firmware'));
    world.current = B;
    world.tell(script(6_000, live, A));
    expect(world.boots).toEqual([[A, 'pos-1', 'script']]);
  });

  it('is that of the last script, also when its loader was started anew and nobody heard its power-on', () => {
    const world = new World().tell(dhcp(0, 'firmware'), script(6_000, live, A));
    world.current = B;
    world.tell(script(20_000, { ...live, slot: 'pos-2' }, B));
    expect(world.boots).toEqual([[B, 'pos-2', 'script']]);
  });

  it('keeps its machine in its slot until the next boot', () => {
    const world = new World().tell(dhcp(0, 'firmware'), script(6_000, live, A));
    world.current = B;
    world.tell(dhcp(20_000, 'os'), document(21_000, 'meta-data'), document(22_000, 'user-data'));
    expect(world.boots).toEqual([[A, 'pos-1', 'configured']]);
    expect([...world.state.bindings.keys()]).toEqual(['pos-1#1']);
    world.tell(dhcp(60_000, 'firmware'));
    expect(world.boots[1]).toEqual([B, 'pos-2', 'seen']);
    expect(world.state.bindingOfMachine([...world.state.machines.values()][0]?.id ?? ('' as never))?.slot).toBe(
      'pos-2',
    );
  });

  it('holds nothing back once it stands still: a system may never say that it is up', () => {
    const world = new World().tell(dhcp(0, 'firmware'), script(6_000, live, A), dhcp(20_000, 'os'));
    world.current = B;
    world.tell({ kind: 'tick', at: T0 + 3_600_000, listeningSince: T0 }, dhcp(3_700_000, 'os'));
    expect([...world.state.bindings.keys()]).toEqual(['pos-1#1', 'pos-2#1']);
  });

  it('is the newest where the one that it began with is not kept', () => {
    const world = new World().tell(dhcp(0, 'firmware'), script(6_000, live, C));
    expect(world.boots).toEqual([[A, 'pos-1', 'script']]);
  });

  it('is fixed too when its script was lost: by the kernel that it fetches', () => {
    const world = new World().tell(dhcp(0, 'firmware'));
    world.current = B;
    const sent = { digest: A, file: 'vmlinuz', bytesSent: 100, sizeBytes: 100, done: true } as const;
    world.tell({ kind: 'asset', at: T0 + 9_000, mac: POS_MAC, ...sent }, dhcp(20_000, 'os'));
    expect(world.boots).toEqual([[A, 'pos-1', 'os']]);
    expect(world.state.machineWith('mac', OTHER_MAC)).toBeUndefined();
  });
});
