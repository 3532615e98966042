import { expect, it } from 'vitest';
import { sampleBoot, sampleInstall, sampleMachine, sampleNode, sampleOrder } from '../../test/support/page-views.ts';
import type { NodeState } from '../wire/api/views.ts';
import { formatDetail } from './node-view.ts';
import { formatNodes } from './nodes.ts';

const stall = { stage: 'installing', since: 0, cause: 'it waits', nextStep: 'type `slipway confirm SLOT`' };

it('what stands still says why and what to do, each in a line of its own and for this slot', () => {
  const boot = sampleBoot('installing', { stall, sentence: 'stalled: it waits. Type' });
  const node = sampleNode({ state: 'stalled', sentence: boot.sentence, boot });
  const text = formatDetail({ node, boots: [boot] });
  expect(text).toMatch(
    /^pos-1: stalled: does installing\nwhy {6}it waits\nto do {4}type `slipway confirm pos-1`\nsince /,
  );
  expect(text).toMatch(/^boot b1 of m1, .*: stalled: does installing$/m);
  expect(text).toMatch(/^ {2}to do {4}type `slipway confirm pos-1`$/m);
});

it('a boot that ended so keeps its cause, and nobody has to do anything about it', () => {
  const ended = sampleBoot('installing', { stall, outcome: 'stalled' });
  const text = formatDetail({ node: sampleNode(), boots: [ended] });
  expect(text).toMatch(/^boot b1 of m1, .*: ended stalled: does installing$/m);
  expect(text).toContain('  why      it waits\n');
  expect(text).not.toContain('to do');
});

it('says so where nobody would notice that it is gone', () => {
  const node = sampleNode({ unwatched: 'not known beside another server' });
  expect(formatDetail({ node, boots: [] })).toMatch(/^lost {5}not known beside another server$/m);
});

it('a stage in which it stood still, and went on, keeps its cause', () => {
  const stages = [{ stage: 'kernel', sentence: 'fetches', at: 0, tookMs: 60_000, stoodStill: 'the cable' }];
  const text = formatDetail({ machine: sampleMachine(), boots: [sampleBoot('kernel', { stages })] });
  expect(text).toMatch(/ {2}kernel {6}fetches {26}1 min\n {23}stood still: the cable\n/);
});

it('machines and orders of a slot are told apart by their binding', () => {
  const bindings = [
    { number: 2, machine: 'm2', name: 'machine B', since: 2, until: 3, released: true, by: 'page' } as const,
    { number: 1, machine: 'm1', name: 'machine A', since: 1, until: 2 },
  ];
  const orders = [sampleOrder('void', { binding: 2, wipe: true, sentence: 'no install' })];
  const text = formatDetail({ node: sampleNode({ install: sampleInstall({ orders }) }), bindings, boots: [] });
  expect(text).toMatch(/^order {4}o1 by page for binding 2, .*: no install \(erases the disk first\)$/m);
  expect(text).toMatch(/^binding {2}2: m2, machine B, by page, .*, taken out$/m);
  expect(text).toMatch(/^binding {2}1: m1, machine A, by the template, .*, replaced$/m);
});

it('the list names a machine in each way in which commands take it, with the slot that it probably is for', () => {
  const proposals = [
    { command: 'replace', slot: 'pos-2', because: 'the same model' },
    { command: 'claim', slot: 'pos-3', because: 'empty' },
  ] as const;
  const [first, second] = [sampleMachine({ id: 'm7', sentence: 'waits' }), sampleMachine({ id: 'm8', code: 'ABCD' })];
  const text = formatNodes({
    nodes: [],
    machines: [
      { ...first, proposals },
      { ...second, proposals: proposals.slice(1) },
    ],
  });
  expect(text).toMatch(/^m7 .* K7PW .*waits; perhaps slipway replace pos-2 K7PW, or another: slipway node m7$/m);
  expect(text).toMatch(/^m8 .*; perhaps slipway claim ABCD pos-3$/m);
});

it('the list says of a slot whose machine is quiet that its install is ordered', () => {
  const { because: _, ...ordered } = sampleInstall();
  const list = (state: NodeState) => formatNodes({ nodes: [sampleNode({ state, install: ordered })], machines: [] });
  expect(list('local')).toContain('; its install is ordered: switch it off and on');
  expect(list('booting')).not.toContain('ordered');
});
