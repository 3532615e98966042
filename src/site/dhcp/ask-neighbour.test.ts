import { expect, it } from 'vitest';
import { settled, TestClock, TestUdp } from '../../../test/packets/ports.ts';
import { ip, mac, SITE } from '../../../test/packets/world.ts';
import { askNeighbour } from './ask-neighbour.ts';

const OTHER = ip('10.7.0.2');
const CARD = mac('f4:f2:6d:00:00:02');

it.each([
  ['knows it at once', 300, 300],
  ['hears of it when it asks a second time', 1_100, 1_500],
  ['never hears of it', undefined, 1_500],
])('a kernel that %s', async (_, knownAfterMs, takesMs) => {
  const [udp, clock] = [new TestUdp(), new TestClock()];
  const start = clock.monotonic();
  const isKnown = () => knownAfterMs !== undefined && clock.monotonic() - start >= knownAfterMs;
  const neighbours = { entries: async () => new Map([[OTHER, { mac: CARD, complete: isKnown() }]]) };
  let answer: unknown = 'none yet';
  void askNeighbour({ udp, clock, neighbours, from: SITE.address }, OTHER).then((found) => {
    answer = found;
  });
  for (let ms = 0; ms < takesMs; ms += 100) {
    await settled();
    expect(answer).toBe('none yet');
    await clock.pass(100);
  }
  await settled();
  expect(answer).toBe(knownAfterMs === undefined ? undefined : CARD);
});
