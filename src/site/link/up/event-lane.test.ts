import { expect, it } from 'vitest';
import { SampleClock, SampleLog, SampleStore } from '../../../../test/support/sample-site.ts';
import { EventLane, FIRST_LIMITS } from './event-lane.ts';

it('takes no limit of head office that would stop it', () => {
  const lane = new EventLane({
    store: new SampleStore(),
    clock: new SampleClock(),
    log: new SampleLog(),
    session: 's',
  });
  lane.limits = { ...FIRST_LIMITS, maxBatchItems: 0, pauseMs: 4_294_967_295 };
  expect(lane.limits).toMatchObject({ maxBatchItems: 1, pauseMs: 300_000 });
  lane.limits = { ...FIRST_LIMITS, maxBatchItems: 4_294_967_295, pauseMs: 250 };
  expect(lane.limits).toMatchObject({ maxBatchItems: 1_000, pauseMs: 250 });
});
