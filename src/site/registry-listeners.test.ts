import { expect, it } from 'vitest';
import { SampleLog, SITE } from '../../test/support/sample-site.ts';
import { AppError } from '../kernel/errors.ts';
import { createRegistryListeners } from './registry-listeners.ts';

it('a port that is taken is told of once, and had when it is free', async () => {
  const log = new SampleLog();
  const asked: unknown[] = [];
  let isTaken = true;
  const http = {
    listen: async (at: unknown) => {
      asked.push(at);
      if (isTaken) throw new AppError('port-in-use', 'taken');
      return 5000;
    },
  };
  const serve = createRegistryListeners({ addresses: () => [SITE], port: 5000, log });
  await serve(http);
  await serve(http);
  expect([asked.length, log.lines.length]).toEqual([2, 1]);
  isTaken = false;
  await serve(http);
  await serve(http);
  expect(asked).toEqual(Array(3).fill({ address: SITE.address, port: 5000 }));
  expect(log.lines.length).toBe(1);
});
