import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bench, message, SPEAKS } from '../../../../test/packets/bench.ts';
import { ip, SITE } from '../../../../test/packets/world.ts';
import type { Ipv4 } from '../../../kernel/ipv4.ts';
import type { Lease } from '../../../model/lease.ts';
import { option } from '../codec/options.ts';
import type { RawOption } from '../codec/raw-options.ts';
import { isLive } from './lease-time.ts';

const seed = Number(process.env['SLIPWAY_SEED'] ?? 1);

type Step = { readonly speaks: readonly RawOption[]; readonly mac: string; readonly address: Ipv4 };

const actions: Readonly<Record<string, (bench: Bench, step: Step) => void>> = {
  wait: (bench) => bench.later(200_000),
  discover: (bench, { speaks, mac, address }) =>
    bench.ask(message('discover', [...speaks, option('requestedAddress', address)], { mac })),
  select: (bench, { speaks, mac, address }) =>
    bench.ask(
      message('request', [...speaks, option('requestedAddress', address), option('serverId', SITE.address)], { mac }),
    ),
  reboot: (bench, { speaks, mac, address }) =>
    bench.ask(message('request', [...speaks, option('requestedAddress', address)], { mac })),
  renew: (bench, { speaks, mac, address }) => bench.ask(message('request', speaks, { mac, ciaddr: address })),
  decline: (bench, { mac, address }) => bench.ask(message('decline', [option('requestedAddress', address)], { mac })),
  release: (bench, { mac, address }) => bench.ask(message('release', [], { mac, ciaddr: address })),
};

const steps = fc.array(
  fc.record({
    action: fc.constantFrom(...Object.keys(actions)),
    speaks: fc.constantFrom(SPEAKS.os, SPEAKS.bios, SPEAKS.ipxe),
    mac: fc.integer({ min: 0, max: 14 }).map((n) => `52:54:00:00:04:${n.toString(16).padStart(2, '0')}`),
    address: fc.integer({ min: 98, max: 111 }).map((n) => ip(`10.7.0.${n}`)),
  }),
  { maxLength: 80 },
);

/** The leases that others than `mac` may rely on now. */
function reliedOn(bench: Bench, mac: string): readonly Lease[] {
  return [...bench.state.leases.values()].filter((lease) => lease.client !== mac && isLive(lease, bench.now));
}

describe('whatever is said, in whatever order', () => {
  it('an address is in one hand, and nobody loses a lease by what another says', () => {
    fc.assert(
      fc.property(steps, (conversation) => {
        const bench = new Bench();
        for (const { action, ...step } of conversation) {
          const relied = reliedOn(bench, step.mac);
          actions[action]?.(bench, step);
          const rows = [...bench.state.leases.values()];
          expect(new Set(rows.map((row) => row.address)).size).toBe(rows.length);
          expect(rows).toEqual(expect.arrayContaining([...relied]));
        }
      }),
      { seed },
    );
  });
});
