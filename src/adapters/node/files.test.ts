import { chmodSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../kernel/ports.ts';
import { makePrivateDir, readText, removeUnfinished, writeAtomic, writeNew } from './files.ts';
import { watchFiles } from './watch-files.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-files-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

describe('files', () => {
  it('are replaced as a whole, and leave nothing beside them', async () => {
    const path = join(dir, 'a');
    expect(await readText(path)).toBeUndefined();
    await writeAtomic(path, 'one', { mode: 0o600 });
    await writeAtomic(path, 'zwölf', { mode: 0o640 });
    expect(await readText(path)).toBe('zwölf');
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(readdirSync(dir)).toEqual(['a']);
  });

  it('that must be new are made once', async () => {
    const path = join(dir, 'key');
    const made = await Promise.all(['a', 'b', 'c'].map((text) => writeNew(path, text)));
    expect(made.filter(Boolean).length).toBe(1);
    expect(await readText(path)).toBe('abc'[made.indexOf(true)]);
    expect(readdirSync(dir)).toEqual(['key']);
  });

  it('that a kill left half written are cleared away, and nothing else', async () => {
    const kept = ['a', '.hidden', '.a.b', 'a.0f0f0f0f-1111-2222-3333-444455556666', '.profile.d'];
    for (const name of [...kept, '.a.0f0f0f0f-1111-2222-3333-444455556666']) writeFileSync(join(dir, name), 'x');
    await removeUnfinished(dir);
    expect(readdirSync(dir).sort()).toEqual(kept.sort());
    await expect(removeUnfinished(join(dir, 'none'))).rejects.toMatchObject({ code: 'disk-failed' });
  });

  it('say what is in the way', async () => {
    mkdirSync(join(dir, 'd', 'e'), { recursive: true });
    await expect(readText(dir)).rejects.toMatchObject({ code: 'disk-failed', message: `cannot read ${dir} (EISDIR)` });
    await expect(writeAtomic(join(dir, 'd'), 'x')).rejects.toMatchObject({ code: 'disk-failed' });
    await expect(writeAtomic(join(dir, 'none', 'x'), 'x')).rejects.toThrow('ENOENT');
    expect(readdirSync(dir)).toEqual(['d']);
  });

  it('lie in directories for their owner alone', async () => {
    await makePrivateDir(join(dir, 'x', 'y'));
    expect([join(dir, 'x'), join(dir, 'x', 'y')].map((each) => statSync(each).mode & 0o777)).toEqual([0o700, 0o700]);
    chmodSync(join(dir, 'x'), 0o755);
    await makePrivateDir(join(dir, 'x'));
    expect(statSync(join(dir, 'x')).mode & 0o777).toBe(0o755);
  });
});

describe('a watch', () => {
  /** A clock whose only timer goes off when the test says so. */
  function createClock() {
    let due: (() => void) | undefined;
    const clock: Clock = {
      now: () => 0,
      monotonic: () => 0,
      after: (_delayMs, run) => {
        due = run;
        return () => {
          due = undefined;
        };
      },
    };
    const look = async () => {
      const run = due;
      due = undefined;
      await run?.();
    };
    return { clock, look, isWaiting: () => due !== undefined };
  }

  async function watchOne() {
    const path = join(dir, 'template.yaml');
    writeFileSync(path, 'one');
    const time = createClock();
    let changes = 0;
    const stop = await watchFiles({ paths: () => [path], clock: time.clock, onChange: () => changes++ });
    return { path, ...time, stop, changes: () => changes };
  }

  it('tells of a change when the file has settled, once', async () => {
    const { path, look, changes } = await watchOne();
    await look();
    writeFileSync(path, '');
    await look();
    writeFileSync(path, 'two');
    await look();
    expect(changes()).toBe(0);
    await look();
    await look();
    expect(changes()).toBe(1);
  });

  it('follows an editor that renames, and a file that goes and comes', async () => {
    const { path, look, changes } = await watchOne();
    writeFileSync(`${path}.new`, 'one');
    renameSync(`${path}.new`, path);
    await look();
    await look();
    expect(changes()).toBe(1);
    rmSync(path);
    await look();
    await look();
    expect(changes()).toBe(2);
    writeFileSync(path, 'one');
    await look();
    await look();
    expect(changes()).toBe(3);
  });

  it('ends when it is told to', async () => {
    const { path, look, changes, stop, isWaiting } = await watchOne();
    writeFileSync(path, 'two');
    await look();
    stop();
    expect(isWaiting()).toBe(false);
    await look();
    expect(changes()).toBe(0);
  });
});
