import { expect, it } from 'vitest';
import { packCommits, unpackCommits } from './packed-commits.ts';
import type { CommitText, EventText } from './protocol.ts';

const event: EventText = { at: 7, type: 'boot-opened', machine: 'm-1', slot: null, boot: 'b-1', body: '{}' };
const other: EventText = { at: 8, type: 'lease-granted', machine: null, slot: 'pos-1', boot: null, body: '{"a":1}' };

it('a group of commits is the same on the other side', () => {
  const group: readonly CommitText[] = [
    { rows: [{ table: 'leases', key: 'nodes/a', row: '{}' }], events: [event, other] },
    { rows: [], events: [] },
    {
      rows: [
        { table: 'orders', key: '', row: null },
        { table: 'counters', key: 'boots', row: '1' },
      ],
      events: [],
    },
    { rows: [], events: [other] },
  ];
  expect(unpackCommits(packCommits(group))).toEqual(group);
  expect(unpackCommits(packCommits([]))).toEqual([]);
});
