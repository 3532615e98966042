// What one call costs head office when it has nothing but calls to do: 16 sites that ask one after the other as fast as they are
// answered, each kind for some seconds, beside what grpc-js alone took in the same way on two cores of an AMD EPYC.
// usage: npm run bench:hub-calls [-- SECONDS]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '../../src/adapters/node/random.ts';
import { formatTable } from '../../src/cli/table.ts';
import { Box } from '../../src/lab/sites/box.ts';
import { readLoad } from '../../src/lab/sites/hub-load.ts';
import { inventEvent } from '../../src/lab/sites/invented.ts';
import { startLocalHub } from '../../src/lab/sites/local-hub.ts';
import { saidOf } from '../../src/lab/sites/said.ts';
import { createSimTime } from '../../src/lab/sites/sim-time.ts';

const SITES = 16;
const DEADLINE = { deadlineMs: 20_000 };
const seconds = Number(process.argv[2] ?? 4);

type Caller = { readonly box: Box; readonly session: string; seq: number; counter: number };
type Act = (caller: Caller) => Promise<unknown>;

const report = (items: number): Act => {
  return async (caller) => {
    const { box, session } = caller;
    const now = Date.now();
    const batch = Array.from({ length: items }, (_, i) => {
      const seq = caller.seq + i + 1;
      return { epoch: session, seq: BigInt(seq), event: inventEvent(seq, now), gap: undefined };
    });
    await box.client.call('report', { session, items: batch, limits: undefined }, DEADLINE);
    caller.seq += items;
  };
};
const putState: Act = (caller) => {
  const entries = saidOf({ site: caller.box.name, startedAt: 0, enrolled: 5 }).map(({ key, digest }) => ({
    ...{ key, digest, value: undefined },
  }));
  const { session } = caller;
  return caller.box.client.call('putState', { session, counter: BigInt(++caller.counter), entries }, DEADLINE);
};
const sync: Act = ({ box, session }) =>
  box.client.call('sync', { session, haveBundle: new Uint8Array(), highestNumber: 0n, waitMs: 0 }, DEADLINE);
const KINDS: readonly (readonly [name: string, act: Act, bare: string])[] = [
  [
    'GetTime: signed, no database',
    ({ box }) => box.client.call('getTime', { nonce: box.nonce() }, DEADLINE),
    '0.14 ms',
  ],
  ['Sync: proved, two looks', sync, ''],
  ['PutState: proved, one unit', putState, ''],
  ['Report of 1 event: proved, one unit', report(1), ''],
  ['Report of 50 events: proved, one unit', report(50), '0.26 ms'],
];

async function join16(hub: Awaited<ReturnType<typeof startLocalHub>>): Promise<Caller[]> {
  const parts = { url: hub.url, time: createSimTime(), random: systemRandom };
  return Promise.all(
    hub.invites.map(async ({ site, code }): Promise<Caller> => {
      const box = new Box(site, parts);
      await box.enroll(code);
      const { timeMs } = await box.client.call('getTime', { nonce: box.nonce() }, DEADLINE);
      parts.time.learn(Number(timeMs), 5);
      const session = `s-${site}`;
      const about = {
        confirmedNumber: 0n,
        highestNumber: 0n,
        keySetVersion: 0,
        roots: [],
        version: 'bench',
        capabilities: [],
      };
      await box.client.call(
        'hello',
        {
          ...{ session, ratchet: new Uint8Array(), eventEpoch: session, nextSeq: 1n, ...about },
          ...{ sealingKey: box.sealingKey, clockOffsetMs: 0n, fresh: true, hardware: box.hardware },
        },
        DEADLINE,
      );
      return { box, session, seq: 0, counter: 0 };
    }),
  );
}

async function measure(pid: number, callers: readonly Caller[], act: Act): Promise<string[]> {
  const until = performance.now() + seconds * 1_000;
  let calls = 0;
  let slow = 0;
  const before = await readLoad(pid);
  await Promise.all(
    callers.map(async (caller) => {
      while (performance.now() < until) {
        const askedAt = performance.now();
        await act(caller);
        slow = Math.max(slow, performance.now() - askedAt);
        calls += 1;
      }
    }),
  );
  const after = await readLoad(pid);
  const cpuMs = (after?.cpuMs ?? 0) - (before?.cpuMs ?? 0);
  return [String(calls), (calls / seconds).toFixed(0), `${(cpuMs / calls).toFixed(2)} ms`, `${slow.toFixed(0)} ms`];
}

const workDir = await mkdtemp(join(tmpdir(), 'slipway-bench-calls-'));
const hub = await startLocalHub({ workDir, count: SITES });
try {
  const callers = await join16(hub);
  for (const act of [sync, putState]) await measure(hub.process.pid, callers, act);
  const rows: string[][] = [];
  for (const [name, act, bare] of KINDS) rows.push([name, ...(await measure(hub.process.pid, callers, act)), bare]);
  process.stdout.write(formatTable(['CALL', 'CALLS', 'PER S', 'HUB CPU', 'SLOWEST', 'BARE GRPC-JS'], rows));
  await Promise.all(callers.map(({ box }) => box.client.close()));
} finally {
  await hub.process.stop();
  await rm(workDir, { recursive: true, force: true });
}
