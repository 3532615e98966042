import { describe, expect, it } from 'vitest';
import type { MacAddress } from '../../kernel/mac.ts';
import { failuresOf, stageFigures } from './figures.ts';
import { Journey } from './journey.ts';
import { simMacs } from './macs.ts';

const mac = (n: number): MacAddress => simMacs(n + 1, 1, [{ name: 'uefi' }])[n] ?? expect.unreachable();

describe('the figures of a run', () => {
  it('are those of each stage that somebody came through, in the order of a boot', () => {
    const journeys = Array.from({ length: 100 }, (_, i) => {
      const journey = new Journey();
      journey.add('script', { answerMs: i + 1, wholeMs: 2 * (i + 1), repeats: i === 0 ? 3 : 0, bytes: 10 });
      if (i < 2) journey.add('offer', { answerMs: 5, wholeMs: 5, repeats: 0, bytes: 0 });
      return journey;
    });
    expect(stageFigures(journeys)).toEqual([
      expect.objectContaining({ stage: 'offer', clients: 2 }),
      {
        ...{ stage: 'script', clients: 100, repeats: 3, bytes: 1_000 },
        answer: { p50: 50, p90: 90, p99: 99, max: 100 },
        whole: { p50: 100, p90: 180, p99: 198, max: 200 },
      },
    ]);
  });

  it('of a stage in parts are its slowest answer and all of its time', () => {
    const journey = new Journey();
    journey.add('initramfs', { answerMs: 3, wholeMs: 10, repeats: 0, bytes: 1 });
    journey.add('initramfs', { answerMs: 2, wholeMs: 20, repeats: 1, bytes: 2 });
    expect(journey.notes.get('initramfs')).toEqual({ answerMs: 3, wholeMs: 30, repeats: 1, bytes: 3 });
  });

  it('count equal reasons of one stage together, the most frequent first', () => {
    const losses = [
      { stage: 'offer', reason: 'no answer', mac: mac(0) },
      { stage: 'loader', reason: 'TFTP', mac: mac(1) },
      { stage: 'loader', reason: 'TFTP', mac: mac(2) },
    ] as const;
    expect(failuresOf(losses)).toEqual([
      { stage: 'loader', reason: 'TFTP', clients: 2, mac: mac(1) },
      { stage: 'offer', reason: 'no answer', clients: 1, mac: mac(0) },
    ]);
  });
});

describe('the MACs of simulated machines', () => {
  it('are the same with the same seed, all different, and of no real card but for those of a Pi', () => {
    const kinds = [{ name: 'uefi' }, { name: 'raspberry-pi' }];
    const macs = simMacs(1_000, 7, kinds);
    expect(simMacs(1_000, 7, kinds)).toEqual(macs);
    expect(new Set(macs).size).toBe(1_000);
    expect(macs.slice(0, 2)).toEqual(['02:5c:00:07:00:00', 'b8:27:eb:07:00:01']);
    expect(simMacs(1, 8, kinds)).not.toEqual(macs.slice(0, 1));
  });
});
