import { expect, it } from 'vitest';
import { InstallWorld, OTHER_MAC, POS_MAC } from '../../../../test/support/install-world.ts';
import { sampleCode } from '../../../../test/support/sample-code.ts';
import { viewBindings } from './view-bindings.ts';

const HOUR = 3_600_000;

it('a slot has a history: who filled it, from when to when', () => {
  const world = new InstallWorld();
  expect(viewBindings('pos-1', world.state)).toEqual([]);
  world.powerOn(POS_MAC);
  const [first] = viewBindings('pos-1', world.state);
  expect(first).toMatchObject({ number: 1, machine: 'm1', name: expect.stringContaining(POS_MAC) });
  expect(first).not.toHaveProperty('until');

  world.tick(HOUR);
  world.powerOn(OTHER_MAC);
  world.tell({ kind: 'replace', slot: 'pos-1', code: sampleCode(OTHER_MAC) });
  const [second, former] = viewBindings('pos-1', world.state);
  expect(second).toMatchObject({ number: 2, machine: 'm2', name: expect.stringContaining(OTHER_MAC) });
  expect(former).toEqual({ ...first, until: second?.since });

  world.tick(HOUR);
  world.tell({ kind: 'release', slot: 'pos-1' });
  const [released] = viewBindings('pos-1', world.state);
  expect(released?.until).toBeGreaterThan(second?.since ?? Number.POSITIVE_INFINITY);
});
