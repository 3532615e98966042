import { describe, expect, it } from 'vitest';
import { mac, revision, slot } from '../../test/packets/world.ts';
import { findHardware, hardwareOf } from './hardware.ts';
import type { Machine, MachineId } from './machine.ts';
import type { HardwareClass } from './revision.ts';
import { applyChanges, createState } from './state.ts';

const MAC = mac('00:1b:21:00:00:07');
const nuc: HardwareClass = {
  name: 'nuc',
  match: { manufacturer: 'Intel*', product: 'NUC*' },
  arch: 'amd64',
  localBoot: 'exit',
};
const card: HardwareClass = { ...nuc, name: 'card', match: { mac: '00:1b:21:*' } };

describe('a class of hardware', () => {
  it.each<[string, HardwareClass['match'], boolean]>([
    ['nothing', {}, false],
    ['its maker', { manufacturer: 'Intel*' }, true],
    ['another model of its maker', { manufacturer: 'Intel*', product: 'Server*' }, false],
    ['its MAC', { mac: '00:1b:21:*' }, true],
    ['its whole MAC', { mac: MAC }, true],
    ['another MAC', { mac: '00:1b:22:*' }, false],
    ['its MAC and another maker', { mac: '00:1b:21:*', manufacturer: 'Dell*' }, false],
  ])('that names %s', (_name, match, expected) => {
    const said = { macs: [mac('52:54:00:00:00:01'), MAC], manufacturer: ' Intel(R) ', product: 'NUC11' };
    expect(findHardware([{ ...nuc, match }], said) !== undefined).toBe(expected);
  });
});

describe('the class of a machine that has said only its MAC', () => {
  const machine: Machine = {
    id: 'm1' as MachineId,
    evidence: [
      ['mac', MAC],
      ['manufacturer', 'Intel Corporation'],
      ['product', 'NUC11TNKi5'],
    ].map(([kind, value]) => ({ kind, value, source: 'script', firstSeen: 1, lastSeen: 1 }) as Machine['evidence'][0]),
  };
  const known = createState();
  applyChanges(known, [{ table: 'machines', key: machine.id, row: machine }]);
  const slots = [{ ...slot('pos-1', [{ mac: MAC }], {}), hardware: 'nuc' }];

  it('is what it said in an earlier boot', () => {
    const current = { ...revision(), hardware: [nuc, card] };
    expect(hardwareOf({ mac: MAC }, known, current, 5)?.name).toBe('nuc');
    expect(hardwareOf({ mac: MAC }, createState(), current, 5)?.name).toBe('card');
  });

  it('is what its slot expects, unless it fits another', () => {
    expect(hardwareOf({ mac: MAC }, createState(), { ...revision({ slots }), hardware: [nuc] }, 5)?.name).toBe('nuc');
    const both = { ...revision({ slots }), hardware: [nuc, card] };
    expect(hardwareOf({ mac: MAC }, createState(), both, 5)?.name).toBe('card');
    expect(hardwareOf({ mac: mac('52:54:00:00:00:09') }, createState(), both, 5)).toBeUndefined();
  });
});
