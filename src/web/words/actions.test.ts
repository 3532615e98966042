import { describe, expect, it } from 'vitest';
import { sampleInstall, sampleNode, sampleOrder, sampleStatus } from '../../../test/support/page-views.ts';
import type { NodeView } from '../../wire/api/views.ts';
import { ACTIONS, type ActionName, actionsFor, needsPin } from './actions.ts';

const armed = sampleStatus();
const disarmed = sampleStatus({ armed: false });
const nothing = { code: '', wipe: false };
const install = sampleInstall();

describe('what can be done with a slot', () => {
  it.each<[string, Partial<NodeView>, readonly ActionName[]]>([
    ['empty, live', { state: 'empty' }, ['claim']],
    ['empty, to be installed', { state: 'empty', install }, ['claim', 'hold']],
    ['live and silent', {}, ['replace', 'release']],
    ['live and there', { busy: 'is booting now' }, ['release']],
    ['installed', { install, busy: 'x' }, ['reinstall', 'hold', 'release']],
    ['on hold', { install: sampleInstall({ held: true }), busy: 'x' }, ['unhold', 'release']],
    [
      'parked',
      { install: sampleInstall({ orders: [sampleOrder('parked')] }), busy: 'x' },
      ['reinstall', 'confirm', 'hold', 'release'],
    ],
  ])('that is %s', (_name, more, wanted) => {
    expect(actionsFor(sampleNode(more), armed)).toEqual(wanted);
  });

  it('holds no install before the site is armed', () => {
    expect(actionsFor(sampleNode({ install, busy: 'x' }), disarmed)).toEqual(['hold', 'release']);
  });

  it('asks for the PIN for all but the filling of an empty slot', () => {
    const names = [...Object.keys(ACTIONS), 'arm'] as ActionName[];
    expect(names.filter((name) => !needsPin(name))).toEqual(['claim']);
  });
});

describe('what will happen', () => {
  const will = (name: keyof typeof ACTIONS, more: Partial<NodeView>, status = armed, wipe = false): string =>
    ACTIONS[name].will(sampleNode(more), status, { ...nothing, wipe });

  it('is said of the disk, as it is', () => {
    expect(will('claim', { install })).toContain('is installed, and what is on its disk is erased');
    expect(will('claim', { install }, disarmed)).toContain(
      'not installed, because nothing may be installed in this store yet',
    );
    expect(will('claim', { install: sampleInstall({ held: true }) })).toContain('as long as the slot is on hold');
    expect(will('replace', {})).toContain('nothing is installed on its disk');
  });

  it('is another sentence for a disk that is erased whole', () => {
    expect(will('reinstall', { install })).not.toContain('erased');
    expect(will('reinstall', { install }, armed, true)).toContain('its whole disk is erased with everything on it');
  });

  it('names the slot, always', () => {
    for (const name of Object.keys(ACTIONS) as (keyof typeof ACTIONS)[])
      expect(will(name, { install })).toContain('pos-1');
  });

  it('is what is sent', () => {
    expect(ACTIONS.claim.body({ code: ' k7pw ', wipe: false })).toEqual({ code: 'K7PW' });
    expect(ACTIONS.reinstall.body({ code: '', wipe: true })).toEqual({ wipe: true });
    expect([ACTIONS.hold.body(nothing), ACTIONS.unhold.body(nothing)]).toEqual([{ on: true }, { on: false }]);
    expect(ACTIONS.release.body(nothing)).toEqual({});
  });
});
