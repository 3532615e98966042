import { describe, expect, it } from 'vitest';
import { AppError } from '../../kernel/errors.ts';
import { CommitQueue } from './commit-queue.ts';
import type { CommitAnswer, CommitText } from './protocol.ts';
import { encodeError } from './store-errors.ts';

type Write = {
  readonly group: readonly CommitText[];
  readonly resolve: (answers: readonly CommitAnswer[]) => void;
  readonly reject: (error: AppError) => void;
};

/** A queue whose writes end when the test says so. */
function createQueue() {
  const writes: Write[] = [];
  const committed: string[] = [];
  const pauses: (() => void)[] = [];
  const queue = new CommitQueue(
    (group) => new Promise((resolve, reject) => writes.push({ group, resolve, reject })),
    (changes) => committed.push(changes[0]?.key ?? ''),
    () => new Promise((resolve) => pauses.push(resolve)),
  );
  const put = (key: string, rows = 1) =>
    queue.commit(
      Array.from({ length: rows }, () => ({ table: 'counters', key, row: 1 })),
      [],
    );
  const keysOf = (n: number) => writes[n]?.group.map(({ rows }) => rows[0]?.key);
  return { queue, writes, committed, pauses, put, keysOf };
}

const done = (count: number): readonly CommitAnswer[] =>
  Array.from({ length: count }, () => ({ ok: true, firstSeq: 1 }));
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('the queue of commits', () => {
  it('sends what is committed in one turn as one group, and what comes meanwhile as the next', async () => {
    const { queue, writes, put, keysOf, committed, pauses } = createQueue();
    const first = [put('a'), put('b')];
    await turn();
    const second = [put('c'), put('d'), put('e')];
    await turn();
    expect(writes.length).toBe(1);
    expect(keysOf(0)).toEqual(['a', 'b']);
    writes[0]?.resolve(done(2));
    await Promise.all(first);
    expect(committed).toEqual(['a', 'b']);
    await turn();
    expect(keysOf(1)).toEqual(['c', 'd', 'e']);
    writes[1]?.resolve(done(3));
    await Promise.all(second);
    expect(committed).toEqual(['a', 'b', 'c', 'd', 'e']);
    pauses[0]?.();
    await queue.idle();
  });

  it('pauses after a group of many, so that the next is one of many, and never for who comes alone', async () => {
    const { queue, writes, put, keysOf, pauses } = createQueue();
    const alone = put('a');
    await turn();
    const many = [put('b'), put('c'), put('d')];
    writes[0]?.resolve(done(1));
    await alone;
    await turn();
    expect(pauses).toEqual([]);
    writes[1]?.resolve(done(3));
    await Promise.all(many);
    const next = [put('e'), put('f')];
    await turn();
    expect([writes.length, pauses.length]).toEqual([2, 1]);
    pauses[0]?.();
    await turn();
    expect(keysOf(2)).toEqual(['e', 'f']);
    writes[2]?.resolve(done(2));
    await Promise.all([...next, queue.idle()]);
  });

  it('bounds a group, but never splits a commit', async () => {
    const { writes, put, keysOf } = createQueue();
    const all = [put('a', 1_500), put('b', 600), put('c', 5_000), put('d')];
    const groups: unknown[] = [];
    for (let n = 0; n < 4; n++) {
      await turn();
      groups.push(keysOf(n));
      writes[n]?.resolve(done(1));
    }
    await Promise.all(all);
    expect(groups).toEqual([['a'], ['b'], ['c'], ['d']]);
  });

  it('rejects a whole group when the disk fails, and tries the next', async () => {
    const { writes, put, committed } = createQueue();
    const failed = Promise.allSettled([put('a'), put('b')]);
    await turn();
    const next = put('c');
    const full = new AppError('disk-full', 'no space');
    writes[0]?.reject(full);
    expect(await failed).toEqual([
      { status: 'rejected', reason: full },
      { status: 'rejected', reason: full },
    ]);
    await turn();
    writes[1]?.resolve(done(1));
    await next;
    expect(committed).toEqual(['c']);
  });

  it('rejects a commit that was refused alone', async () => {
    const { writes, put, committed } = createQueue();
    const results = Promise.allSettled([put('a'), put('b'), put('c')]);
    await turn();
    const refused = { ok: false, error: encodeError(new AppError('internal', 'too big')) } as const;
    writes[0]?.resolve([...done(1), refused, ...done(1)]);
    expect((await results).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(committed).toEqual(['a', 'c']);
  });

  it('is idle only when nothing waits', async () => {
    const { queue, writes, put } = createQueue();
    await queue.idle();
    let idle = false;
    const first = put('a');
    const whenIdle = queue.idle().then(() => {
      idle = true;
    });
    await turn();
    const second = put('b');
    writes[0]?.resolve(done(1));
    await first;
    await turn();
    expect(idle).toBe(false);
    writes[1]?.resolve(done(1));
    await Promise.all([second, whenIdle]);
    expect(idle).toBe(true);
  });
});
