import { expect, it } from 'vitest';
import { MINUTE, sampleStatus } from '../../../../test/support/page-views.ts';
import { createState } from '../../../model/state.ts';
import type { OutboxView } from '../../../wire/api/link.ts';
import { stateEntries } from './state-entries.ts';

it('says how much head office does not have only where it waits for long: what is on its way changes all the time', () => {
  const { at } = sampleStatus();
  const outboxOf = (events?: OutboxView) => {
    const headOffice = { state: 'online', since: 0, sentence: 'x', ...(events && { events }) } as const;
    const facts = { state: createState(), nodes: { nodes: [], machines: [] }, version: '1', since: 1, others: {} };
    const entries = stateEntries({ ...facts, status: sampleStatus({ headOffice }) });
    return (entries.get('site') as { readonly outbox?: unknown }).outbox;
  };
  expect(outboxOf()).toBeUndefined();
  expect(outboxOf({ ackedThrough: 3, waiting: 0 })).toBeUndefined();
  expect(outboxOf({ ackedThrough: 3, waiting: 7, oldestAt: at - 4 * MINUTE })).toBeUndefined();
  const oldestAt = at - 6 * MINUTE;
  expect(outboxOf({ ackedThrough: 3, waiting: 7, oldestAt })).toEqual({ waiting: 7, oldestAt });
});
