import { describe, expect, it } from 'vitest';
import { installProfile } from '../../../../test/support/install-world.ts';
import { T0 } from '../../../../test/support/sample-site.ts';
import type { Boot, BootId } from '../../../model/boot.ts';
import type { Order, OrderId } from '../../../model/order.ts';
import { wipeWords } from './wipe-once.ts';

const profile = installProfile();
const words = [{ key: 'slipway.wipe', value: '1' }];
const b1 = 'b1' as BootId;
const b2 = 'b2' as BootId;

function order(changes: Partial<Order> = {}): Order {
  return {
    ...{ id: 'o1' as OrderId, slot: 'pos-1', binding: 1, profile: profile.digest, by: { kind: 'person', name: 'cli' } },
    ...{ createdAt: T0, expiresAt: T0 + 1, attempts: 0, maxAttempts: 3, wipe: true, state: { kind: 'open' } },
    ...changes,
  };
}

const boot = (id: BootId) => ({ id }) as Boot;

describe('the words that erase the disk', () => {
  it.each([
    ['an order without a wipe', order({ wipe: false }), b1, false, false],
    ['an order without a wipe, asked once more', order({ wipe: false, wiped: b1 }), b1, true, false],
    ['nobody has had them', order(), b1, false, true],
    ['nobody has had them, asked once more', order(), b1, true, true],
    ['a boot after the one that had them', order({ wiped: b1 }), b2, false, false],
    ['a boot after it that could not start', order({ wiped: b1 }), b2, true, false],
    ['the boot that had them could not start', order({ wiped: b1 }), b1, true, true],
    // Its DISCOVER was lost when the site was killed: the row is that of the boot before.
    ['the boot that had them, for all that is known', order({ wiped: b1 }), b1, false, false],
  ])('%s', (_, given, newest, isRetry, expected) => {
    expect(wipeWords(profile, given, boot(newest), isRetry)).toEqual(expected ? words : []);
  });

  it('are none where the profile has none', () => {
    const { wipe: _, ...plan } = profile.install ?? { completes: 'api', attempts: 1, withinSeconds: 1 };
    expect(wipeWords({ ...profile, install: plan }, order(), boot(b1), false)).toEqual([]);
    expect(wipeWords(profile, order(), undefined, false)).toEqual(words);
  });
});
