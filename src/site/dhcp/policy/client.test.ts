import { describe, expect, it } from 'vitest';
import { Bench, MAC, message, SPEAKS, summary } from '../../../../test/packets/bench.ts';
import { revision } from '../../../../test/packets/world.ts';
import { option } from '../codec/options.ts';
import { clientOf } from './client.ts';

const DOCK = '00:50:b6:00:00:01';
const from = (id: readonly number[], mac = DOCK) =>
  message('discover', [option('clientId', Uint8Array.from(id))], { mac });
const site = (sharedMacs: readonly string[]) => new Bench(revision({ network: { sharedMacs } }));

describe('a network card that several machines share', () => {
  it('gives each machine behind it an address of its own, told apart by option 61', () => {
    const bench = site(['00:50:b6:*']);
    const [one, other] = [summary(bench.ask(from([1]))), summary(bench.ask(from([2])))];
    expect(one).not.toBe(other);
    expect(summary(bench.ask(from([1])))).toBe(one);
  });

  it('is one client without such a line in the template, whatever option 61 says', () => {
    const bench = site([]);
    expect(summary(bench.ask(from([1])))).toBe(summary(bench.ask(from([2]))));
  });

  it('names no machine, so that it fills no slot', () => {
    expect(clientOf(from([1]), ['00:50:b6:*'])).not.toHaveProperty('claim');
    expect(clientOf(from([1], MAC), ['00:50:b6:*'])).toMatchObject({ key: MAC, claim: { mac: MAC } });
  });

  it('is ignored where nothing else names the machine', () => {
    expect(summary(site(['00:50:b6:*']).ask(message('discover', SPEAKS.bios, { mac: DOCK })))).toBe(
      'ignored: no-identity',
    );
  });
});
