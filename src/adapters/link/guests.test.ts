import { expect, test } from 'vitest';
import { Guests } from './guests.ts';

class Peer {
  bytesRead = 0;
  isGone = false;
  destroy(): void {
    this.isGone = true;
  }
}

function welcomeAll(guests: Guests, count: number): Peer[] {
  return Array.from({ length: count }, (_, i) => {
    const peer = new Peer();
    guests.welcome(`p${i}`, peer);
    return peer;
  });
}

test('of too many the oldest goes, and who has shown who it is stays', () => {
  const guests = new Guests({ guests: 3, guestBytes: 1_000 });
  const peers = welcomeAll(guests, 3);
  guests.forget('p0');
  const [more, last] = [new Peer(), new Peer()];
  guests.welcome('more', more);
  guests.welcome('last', last);
  expect([...peers, more, last].map(({ isGone }) => isGone)).toEqual([false, true, false, false, false]);
  expect([guests.size, guests.sentAway]).toEqual([3, 1]);
});

test('of those that have sent too much together the one with most goes, until it is little enough', () => {
  const guests = new Guests({ guests: 9, guestBytes: 1_000 });
  const peers = welcomeAll(guests, 4);
  for (const [i, peer] of peers.entries()) peer.bytesRead = [300, 900, 100, 600][i] ?? 0;
  guests.look();
  expect(peers.map(({ isGone }) => isGone)).toEqual([false, true, false, false]);
  guests.forget('p3');
  guests.look();
  expect(guests.size).toBe(2);
});
