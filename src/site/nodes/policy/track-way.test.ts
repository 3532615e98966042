import { describe, expect, it } from 'vitest';
import { POS_ADDRESS, POS_MAC, sampleRevision, sampleSlot } from '../../../../test/support/sample-site.ts';
import type { Ipv4 } from '../../../kernel/ipv4.ts';
import type { MacAddress } from '../../../kernel/mac.ts';
import type { BootWay } from '../../../model/boot-way.ts';
import type { Signal } from '../../../model/signal.ts';
import { applyChanges, createState } from '../../../model/state.ts';
import { Memory } from './memory.ts';
import { type Reduced, reduce } from './reduce.ts';
import { viewBoot } from './view-boot.ts';

const T0 = 1_700_000_000_000;
const SECOND = 1_000;
const HOUR = 3_600_000;
const SNP: BootWay = { shape: 'file', loader: 'snponly.efi' };
const SHIM: BootWay = { shape: 'file', loader: 'shimx64.efi' };
const DEAF_TO = { nextServer: '10.7.0.1' as Ipv4, bootFile: 'snponly.efi' };

/** A site that hears signals one after the other. */
class Heard {
  readonly state = createState();
  readonly events: Reduced['events'][number][] = [];
  readonly #memory = new Memory();

  hear(...signals: Signal[]): this {
    for (const signal of signals) {
      const revision = sampleRevision({ slots: { 'pos-1': sampleSlot() } });
      const { changes, events } = reduce(this.state, [signal], { memory: this.#memory, revision });
      applyChanges(this.state, changes);
      this.events.push(...events);
    }
    return this;
  }

  tick(at: number): this {
    return this.hear({ kind: 'tick', at, listeningSince: T0 });
  }

  get boot() {
    return [...this.state.boots.values()].at(-1);
  }

  get way() {
    return [...this.state.machines.values()][0]?.way;
  }

  said(type: string): readonly string[] {
    return this.events.filter((event) => event.type === type).map(({ sentence }) => sentence);
  }
}

type More = Partial<Extract<Signal, { kind: 'dhcp' }>>;
const took = (at: number, way: BootWay, more: More = {}): Signal => ({
  ...{ kind: 'dhcp', at, mac: POS_MAC, client: 'firmware', clientKind: 'uefi-x64', message: 'request' },
  ...{ address: POS_ADDRESS, way, ...more },
});
const discover = (at: number, mac: MacAddress = POS_MAC, more: More = { way: SNP, deafTo: DEAF_TO }): Signal => ({
  ...{ kind: 'dhcp', at, mac, client: 'firmware', clientKind: 'uefi-x64', message: 'discover', ...more },
});
const ipxe = (at: number): Signal => ({
  ...{ kind: 'dhcp', at, mac: POS_MAC, client: 'ipxe', clientKind: 'ipxe', message: 'request', address: POS_ADDRESS },
});
const loader = (at: number, file = 'snponly.efi'): Signal => ({ kind: 'loader', at, mac: POS_MAC, file, done: true });
const script = (at: number): Signal => ({
  ...{ kind: 'script', at, claim: { mac: POS_MAC }, address: POS_ADDRESS },
  answer: { kind: 'live', slot: 'pos-1', profile: 'demo' },
});

describe('what worked', () => {
  it('is kept for the machine when its loader is heard, and not before', () => {
    const heard = new Heard().hear(took(T0, SNP), loader(T0));
    expect([heard.boot?.way, heard.boot?.ran, heard.way]).toEqual([SNP, undefined, undefined]);
    heard.hear(ipxe(T0 + SECOND));
    expect(heard.boot?.ran).toBe(true);
    expect(heard.way).toEqual({ client: 'uefi-x64', way: SNP, at: T0 + SECOND });
    heard.hear(script(T0 + 2 * SECOND));
    expect(heard.way?.at).toBe(T0 + SECOND);
  });

  it('is kept when its loader was heard beside another server, which leases', () => {
    const heard = new Heard().hear(took(T0, SNP), loader(T0));
    heard.hear({ ...ipxe(T0 + SECOND), message: 'discover' } as Signal);
    expect([heard.boot?.ran, heard.way?.way]).toEqual([true, SNP]);
  });

  it('is kept when a loader that asks for no address asks for its script', () => {
    const heard = new Heard().hear(took(T0, SHIM), loader(T0, 'shimx64.efi'), script(T0 + SECOND));
    expect(heard.way?.way).toEqual(SHIM);
  });

  it('is doubted once and then forgotten when its loader does not run any more', () => {
    const heard = new Heard().hear(took(T0, SNP), loader(T0), ipxe(T0), script(T0));
    heard.hear(took(T0 + HOUR, SNP), loader(T0 + HOUR), took(T0 + 2 * HOUR, SNP), loader(T0 + 2 * HOUR));
    expect(heard.way).toMatchObject({ way: SNP, doubt: true });
    heard.hear(took(T0 + 3 * HOUR, SNP));
    expect(heard.way).toBeUndefined();
  });

  it('is doubted no more when it works again', () => {
    const heard = new Heard().hear(took(T0, SNP), loader(T0), ipxe(T0), script(T0));
    heard.hear(took(T0 + HOUR, SNP), loader(T0 + HOUR), took(T0 + 2 * HOUR, SNP), ipxe(T0 + 2 * HOUR));
    expect(heard.way).not.toHaveProperty('doubt');
  });

  it('is overwritten by what works then', () => {
    const heard = new Heard().hear(took(T0, SNP), loader(T0), ipxe(T0), script(T0));
    heard.hear(took(T0 + HOUR, SHIM), script(T0 + HOUR));
    expect(heard.way?.way).toEqual(SHIM);
  });
});

describe('a loader that never ran', () => {
  it('stalls with what comes next, and the next boot says what it gets instead', () => {
    const heard = new Heard().hear(took(T0, SNP, { spare: 'shimx64.efi' }), loader(T0)).tick(T0 + 31 * SECOND);
    expect(heard.said('boot-stalled')[0]).toContain('shim, which Secure Boot accepts, is tried next');
    heard.hear(took(T0 + HOUR, SHIM));
    expect(heard.said('boot-opened').at(-1)).toContain(
      'the last time snponly.efi (file) led to nothing, so now it gets shimx64.efi (file)',
    );
  });

  it('stalls as before where there is no other', () => {
    const heard = new Heard().hear(took(T0, SNP), loader(T0)).tick(T0 + 31 * SECOND);
    expect(heard.said('boot-stalled')[0]).toContain('Switch Secure Boot off');
  });

  it('is seen in the timeline with the answer that it had', () => {
    const { boot } = new Heard().hear(took(T0, SHIM));
    expect(boot && viewBoot(boot, T0).stages[0]).toMatchObject({ stage: 'seen', answer: 'shimx64.efi (file)' });
  });
});

describe('a machine that takes no answer', () => {
  it('has a boot that stands still at once, with what to put into the other server', () => {
    const heard = new Heard().hear(discover(T0)).tick(T0 + SECOND);
    expect(heard.boot).toMatchObject({ slot: 'pos-1', stage: 'seen', deafTo: DEAF_TO });
    expect(heard.said('boot-stalled')).toHaveLength(1);
    expect(heard.said('boot-stalled')[0]).toContain('next-server (66) = 10.7.0.1, boot file (67) = snponly.efi');
    heard.hear(discover(T0 + 4 * SECOND), discover(T0 + 12 * SECOND)).tick(T0 + 60 * SECOND);
    expect([heard.state.boots.size, heard.said('boot-stalled').length]).toEqual([1, 1]);
  });

  it('goes on when it takes one after all', () => {
    const heard = new Heard().hear(discover(T0)).tick(T0 + SECOND);
    heard.hear(took(T0 + 2 * SECOND, SNP)).tick(T0 + 3 * SECOND);
    expect(heard.boot).not.toHaveProperty('deafTo');
    expect(heard.boot?.stalls?.[0]).toMatchObject({ endedAt: T0 + 3 * SECOND });
  });

  it('is told of whoever it is, but of a few in an hour that nobody expects', () => {
    const heard = new Heard();
    for (let n = 0; n < 40; n++) heard.hear(discover(T0 + n, stranger(n)));
    expect(heard.state.machines.size).toBe(8);
    heard.hear(discover(T0 + 2 * HOUR, stranger(39)), discover(T0 + 2 * HOUR));
    expect(heard.state.machines.size).toBe(10);
  });
});

describe('a loader that loads a loader', () => {
  it('stalls when three went out within a minute to one that runs and asks for no script', () => {
    const heard = new Heard().hear(took(T0, SNP));
    for (const s of [0, 10, 20]) heard.hear(loader(T0 + s * SECOND), ipxe(T0 + (s + 5) * SECOND));
    heard.tick(T0 + 26 * SECOND);
    expect(heard.said('boot-stalled')[0]).toContain('its loader is fetched again and again');
  });

  it('is none where they are minutes apart, or the script was asked for', () => {
    const slow = new Heard().hear(took(T0, SNP));
    for (const s of [0, 61, 122]) slow.hear(loader(T0 + s * SECOND), ipxe(T0 + (s + 5) * SECOND));
    expect(slow.boot).not.toHaveProperty('hops');
    const asks = new Heard().hear(took(T0, SNP), loader(T0), ipxe(T0), loader(T0 + 1), script(T0 + 2), loader(T0 + 3));
    expect(asks.boot).not.toHaveProperty('hops');
  });
});

function stranger(n: number): MacAddress {
  return `52:54:00:77:00:${n.toString(16).padStart(2, '0')}` as MacAddress;
}
