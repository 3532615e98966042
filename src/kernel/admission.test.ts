import { describe, expect, test } from 'vitest';
import { ADMISSION_RULES, Admission } from './admission.ts';

const SECOND = 1_000;
const rules = ADMISSION_RULES;

class Door {
  readonly admission = new Admission(rules);
  now = 0;

  ask(id: string, more: { limit?: number; isRetry?: boolean } = {}): number | undefined {
    const arrival = { id, address: `of ${id}`, files: ['kernel', 'initrd'], limit: 2, isRetry: false, ...more };
    return this.admission.ask(arrival, this.now);
  }

  /** All files of a machine went out. */
  fetched(id: string): void {
    for (const file of ['kernel', 'initrd']) this.admission.moved(`of ${id}`, this.now, file);
  }

  counts() {
    return this.admission.counts(this.now);
  }
}

describe('machines that all come at once', () => {
  test('go in by twos, in the order in which they came', () => {
    const door = new Door();
    expect(['a', 'b', 'c', 'd', 'e'].map((id) => door.ask(id))).toEqual([undefined, undefined, 1, 2, 3]);
    door.fetched('b');
    // The one that came later asks first: the place is not its own.
    expect([door.ask('d'), door.ask('e'), door.ask('c'), door.ask('d')]).toEqual([2, 3, undefined, 1]);
    expect(door.counts()).toEqual({ fetching: 2, waiting: 2 });
  });

  test('each place that is free is for one of those in front', () => {
    const door = new Door();
    for (const id of ['a', 'b', 'c', 'd', 'e']) door.ask(id);
    door.fetched('a');
    door.fetched('b');
    expect([door.ask('e'), door.ask('d'), door.ask('c'), door.ask('e')]).toEqual([3, undefined, undefined, 1]);
  });

  test('who is in stays in, however often it asks', () => {
    const door = new Door();
    for (const id of ['a', 'b', 'c']) door.ask(id);
    expect([door.ask('a'), door.ask('a'), door.ask('c')]).toEqual([undefined, undefined, 1]);
    expect(door.counts().fetching).toBe(2);
  });
});

describe('a place in the queue', () => {
  test('is kept while the machine asks, and lost when it is switched off', () => {
    const door = new Door();
    for (const id of ['a', 'b', 'c', 'd']) door.ask(id);
    for (let i = 0; i < 8; i++) {
      door.now += 5 * SECOND;
      expect(door.ask('d')).toBe(door.now < rules.keepMs ? 2 : 1);
    }
    expect(door.ask('c')).toBe(2);
  });

  test('is for minutes, not for ever: then the machine goes in, whoever is before it', () => {
    const door = new Door();
    for (const id of ['a', 'b', 'c', 'd']) door.ask(id);
    while (door.now < rules.longestMs - 5 * SECOND) {
      door.now += 5 * SECOND;
      for (const id of ['a', 'b']) door.admission.moved(`of ${id}`, door.now);
      expect([door.ask('c'), door.ask('d')]).toEqual([1, 2]);
    }
    door.now += 5 * SECOND;
    expect([door.ask('d'), door.ask('c')]).toEqual([undefined, undefined]);
    expect(door.counts()).toEqual({ fetching: 4, waiting: 0 });
  });

  test('is not needed by a machine whose files did not arrive', () => {
    const door = new Door();
    for (const id of ['a', 'b', 'c']) door.ask(id);
    expect(door.ask('z', { isRetry: true })).toBeUndefined();
    expect(door.counts()).toEqual({ fetching: 3, waiting: 1 });
  });

  test('comes nearer when the template lets more in', () => {
    const door = new Door();
    for (const id of ['a', 'b', 'c', 'd']) door.ask(id);
    expect([door.ask('d', { limit: 3 }), door.ask('c', { limit: 3 }), door.ask('d', { limit: 4 })]).toEqual([
      2,
      undefined,
      undefined,
    ]);
  });
});

describe('a machine that was let in', () => {
  test('is through with its last file, and not with its first', () => {
    const door = new Door();
    for (const id of ['a', 'b', 'c']) door.ask(id);
    door.admission.moved('of a', door.now, 'kernel');
    expect(door.ask('c')).toBe(1);
    door.admission.moved('of nobody', door.now, 'initrd');
    door.admission.moved('of a', door.now, 'initrd');
    expect(door.ask('c')).toBeUndefined();
  });

  test('makes room when it takes nothing for two minutes, and not while bytes flow', () => {
    const door = new Door();
    for (const id of ['a', 'b', 'c', 'd']) door.ask(id);
    while (door.now < rules.idleMs) {
      door.now += 5 * SECOND;
      door.admission.moved('of a', door.now);
      door.ask('c');
    }
    expect([door.ask('c'), door.ask('d')]).toEqual([undefined, 1]);
  });
});
