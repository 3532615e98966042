import { expect, it, vi } from 'vitest';
import { WorkerClient } from './worker-client.ts';

const workerOf = (code: string) => new URL(`data:text/javascript,${encodeURIComponent(code)}`);

it('rejects what is out when the thread is lost, says so once, and takes no more', async () => {
  const onLost = vi.fn();
  const client = new WorkerClient(
    onLost,
    workerOf(`
      import { parentPort } from 'node:worker_threads';
      parentPort.once('message', () => { throw new Error('out of memory'); });`),
  );
  const calls = [client.call('shrink', null), client.call('shrink', null)];
  for (const result of await Promise.allSettled(calls)) {
    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'internal' } });
  }
  await expect(client.call('shrink', null)).rejects.toMatchObject({ message: 'the thread of the store ended' });
  expect(onLost).toHaveBeenCalledTimes(1);
  expect(onLost.mock.calls[0]?.[0].cause.message).toBe('out of memory');
});

it('says nothing when it was closed', async () => {
  const onLost = vi.fn();
  const client = new WorkerClient(onLost);
  await client.close();
  await expect(client.call('shrink', null)).rejects.toMatchObject({ code: 'site-not-ready' });
  expect(onLost).not.toHaveBeenCalled();
});
