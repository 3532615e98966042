import { expect, it } from 'vitest';
import { settled } from '../../test/packets/ports.ts';
import { POS_ADDRESS, POS_MAC, SampleClock, SampleLog } from '../../test/support/sample-site.ts';
import type { Ipv4 } from '../kernel/ipv4.ts';
import { createNeighbourhood } from './neighbourhood.ts';

const SECOND = '10.0.0.151' as Ipv4;
const GONE = '10.0.0.152' as Ipv4;

it('the addresses of a card are those of the last look, which is a second old at most', async () => {
  const clock = new SampleClock();
  const table = new Map([
    [POS_ADDRESS, { mac: POS_MAC, complete: true }],
    [GONE, { mac: POS_MAC, complete: false }],
  ]);
  const neighbours = createNeighbourhood({ arp: { entries: async () => new Map(table) }, clock, log: new SampleLog() });
  expect(neighbours.addressesOf(POS_MAC)).toEqual([]);
  await settled();
  expect(neighbours.addressesOf(POS_MAC)).toEqual([POS_ADDRESS]);
  table.set(SECOND, { mac: POS_MAC, complete: true });
  clock.pass(1_000);
  neighbours.addressesOf(POS_MAC);
  await settled();
  expect(neighbours.addressesOf(POS_MAC)).toEqual([POS_ADDRESS, SECOND]);
});
