import { describe, expect, it } from 'vitest';
import { MINUTE, NOW, sampleBoot, sampleInstall, sampleNode, sampleOrder } from '../../../test/support/page-views.ts';
import { NODE_STATES, type NodeView } from '../../wire/api/views.ts';
import { slotWords } from './slot.ts';

const words = (more: Partial<NodeView>) => slotWords(sampleNode(more), NOW);
const stall = {
  stage: 'loader',
  since: NOW - 3 * MINUTE,
  cause: 'probably Secure Boot is on',
  nextStep: 'Switch it off',
};
const parked = sampleOrder('parked', { sentence: 'no install: it was tried 3 times' });

describe('a slot in the words of a person', () => {
  it.each<[string, Partial<NodeView>, object]>([
    ['empty', { state: 'empty' }, { word: 'Empty', tone: 'none', detail: 'No machine is in this slot.' }],
    ['enrolled', {}, { word: 'Working', tone: 'good', detail: 'All is well, since 11:59 (1 min).' }],
    [
      'starting',
      { state: 'booting', boot: sampleBoot('os') },
      { word: 'Starting', tone: 'busy', detail: 'Its system runs, 2 min after it was switched on.' },
    ],
    [
      'starting, with so much of its system sent',
      { state: 'booting', boot: sampleBoot('kernel', { percent: 42 }) },
      { detail: 'Fetching its system, 42 %, 2 min after it was switched on.' },
    ],
    [
      'claimed just now',
      { state: 'booting', boot: sampleBoot('held') },
      { detail: 'Has its slot now, and goes on by itself in a moment, 2 min after it was switched on.' },
    ],
    [
      'stalled, with cause and next step',
      { state: 'booting', boot: sampleBoot('loader', { stall }) },
      { word: 'Stuck', tone: 'bad', detail: 'For 3 min: Probably Secure Boot is on.', toDo: 'Switch it off.' },
    ],
    [
      'switched off while it was stalled',
      { state: 'stalled', boot: sampleBoot('loader', { stall, outcome: 'stalled' }) },
      { word: 'Stuck', tone: 'bad', toDo: 'Switch it off.' },
    ],
    [
      'stalled once, and up since',
      { boot: sampleBoot('done', { stall, outcome: 'live' }) },
      { word: 'Working', tone: 'good' },
    ],
    [
      'lost',
      { state: 'lost', since: NOW - 45 * MINUTE },
      {
        word: 'Lost',
        tone: 'bad',
        detail: 'Nothing was heard of it since 11:15 (45 min).',
        toDo: expect.stringContaining('Is it on?'),
      },
    ],
    [
      'parked',
      {
        state: 'local',
        install: sampleInstall({
          orders: [parked],
          because: 'x',
          toDo: 'if it is to be installed: slipway reinstall pos-1',
        }),
      },
      {
        word: 'Install given up',
        tone: 'bad',
        detail: 'It was tried 3 times.',
        toDo: 'If it is to be installed: “Install again”.',
      },
    ],
    [
      'not installed yet',
      { state: 'local', install: sampleInstall({ because: 'nobody ordered it', toDo: 'slipway reinstall pos-1' }) },
      {
        word: 'Not installed',
        detail: 'It runs what is on its own disk. Nobody ordered it.',
        toDo: '“Install again”.',
      },
    ],
    [
      'ordered',
      { state: 'local', install: { orders: [sampleOrder('open')], differs: false } },
      { detail: 'Its install is ordered.', toDo: 'Switch it off and on: then it begins.' },
    ],
    [
      'refused',
      { state: 'refused', boot: sampleBoot('script', { outcome: 'refused', sentence: 'refused: pos-1 is taken' }) },
      { word: 'Turned away', tone: 'bad', detail: 'Refused: pos-1 is taken.' },
    ],
    [
      'filled, and never started',
      { state: 'waiting', sentence: 'was not yet seen booting' },
      { word: 'Waiting', detail: 'The machine was not yet seen booting.' },
    ],
  ])('%s', (_name, more, wanted) => {
    expect(words(more)).toMatchObject(wanted);
  });

  it.each<[string, Partial<NodeView>, readonly string[]]>([
    ['held', { install: sampleInstall({ held: true }) }, ['On hold: nothing is installed here.']],
    ['that differs', { install: sampleInstall({ differs: true }) }, [expect.stringContaining('newer setup') as never]],
    [
      'with a new order',
      { install: sampleInstall({ orders: [sampleOrder('open')] }) },
      [expect.stringContaining('new install is ordered') as never],
    ],
    [
      'with a new order that must wait',
      { install: sampleInstall({ held: true, orders: [sampleOrder('open')] }) },
      ['On hold: nothing is installed here.'],
    ],
    [
      'whose new install failed',
      { install: sampleInstall({ orders: [parked] }) },
      ['Its last install was given up: It was tried 3 times.'],
    ],
    [
      'that another machine would be',
      {
        contenders: [{ machine: 'm7', code: 'K7PW', macs: [], since: NOW, because: 'it has the same UUID', toDo: [] }],
      },
      ['Another machine would be this slot too: It has the same UUID. Tell head office.'],
    ],
    ['of a live system', {}, []],
  ])('a working slot %s says so', (_name, more, notes) => {
    expect(words(more)).toMatchObject({ word: 'Working', notes });
  });

  it('has words for every state that there is', () => {
    for (const state of NODE_STATES) {
      const { word, detail } = words({ state, boot: sampleBoot('script') });
      expect([state, word.length > 2, /^[A-Z].*\.$/.test(detail)]).toEqual([state, true, true]);
    }
  });
});
