import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BootRole, type BootWay, describeWay } from '../../../model/boot-way.ts';
import { type Asked, advanceSpell, askAgain, type Spell, type WayInput } from './way-machine.ts';

const IPXE = 'snponly.efi';
const SHIM = 'shimx64.efi';
const WAYS: Asked['ways'] = [
  { shape: 'file', loader: IPXE },
  { shape: 'no-menu', loader: IPXE },
  { shape: 'file', loader: SHIM },
];

/** One machine: what it asks, and how it is answered. */
class Machine {
  spell: Spell | undefined;
  at = 0;
  #xid = 0;
  readonly role: BootRole;
  readonly ways: Asked['ways'];
  readonly proved: BootWay | undefined;

  constructor({
    role = 'authoritative',
    ways = WAYS,
    proved,
  }: { role?: BootRole; ways?: Asked['ways']; proved?: BootWay } = {}) {
    this.role = role;
    this.ways = ways;
    this.proved = proved;
  }

  /** A DISCOVER at so many seconds; the same transaction as the last one, unless it is a new start. */
  asks(seconds: number, isNew = false): string {
    this.at = seconds * 1_000;
    if (isNew) this.#xid += 1;
    const isProved = (way: BootWay): boolean => way.loader === this.proved?.loader && way.shape === this.proved?.shape;
    const { at, role, ways } = this;
    this.spell = askAgain(this.spell, { at, xid: this.#xid, role, ways, isProved });
    return describeWay(this.spell.way);
  }

  /** One start of firmware that takes nothing: DISCOVER as the specification of PXE says. */
  round(from: number): readonly string[] {
    return [0, 4, 12, 28].map((seconds) => this.asks(from + seconds, seconds === 0));
  }

  comes(...inputs: WayInput[]): this {
    for (const input of inputs) if (this.spell) this.spell = advanceSpell(this.spell, input);
    return this;
  }
}

describe('a machine that takes no answer', () => {
  it('is answered twice in each form, also over several starts, and then from the first on', () => {
    const machine = new Machine();
    const [first, second, third] = WAYS.map(describeWay);
    expect(machine.round(0)).toEqual([first, first, second, second]);
    // The form of the third was the first one's: it is not tried with another loader.
    expect(machine.round(60)).toEqual([first, first, second, second]);
    expect(machine.spell?.isDeaf).toBe(true);
    expect(third).toBe(`${SHIM} (file)`);
  });

  it('beside another server has three answers and ten seconds: that one may look whether its address is free', () => {
    const machine = new Machine({ role: 'proxy' });
    expect(new Set(machine.round(0).slice(0, 3)).size).toBe(1);
    expect(machine.asks(40)).toBe('snponly.efi (no-menu)');
  });

  it('is told of when all ways failed over a whole round of its firmware, and no sooner', () => {
    const only = new Machine({ ways: [{ shape: 'plain-file', loader: 'grubaa64.efi' }] });
    expect(new Set(only.round(0))).toEqual(new Set(['grubaa64.efi (plain-file)']));
    expect(only.spell?.isDeaf).toBe(false);
    only.asks(60, true);
    expect(only.spell?.isDeaf).toBe(true);
  });

  it('is deaf no more when it comes on', () => {
    const machine = new Machine();
    machine.round(0);
    machine.round(60);
    machine.comes('took');
    expect(machine.spell).toMatchObject({ isDeaf: false, stage: 'taken' });
  });

  it('is not taken for one by one frame that comes twice', () => {
    const machine = new Machine();
    for (const seconds of [0, 0.1, 4, 4.1, 4.2]) expect(machine.asks(seconds)).toBe('snponly.efi (file)');
  });
});

describe('a machine that takes its address', () => {
  it.each([
    ['and fetches no loader, once', ['took'], 1, 'snponly.efi (file)'],
    ['and fetches no loader, twice', ['took'], 2, 'snponly.efi (no-menu)'],
    ['and never runs its loader', ['took', 'fetched'], 1, 'shimx64.efi (file)'],
    ['whose loader runs and asks for no script, twice', ['took', 'fetched', 'ran'], 2, 'snponly.efi (file)'],
    ['whose loader runs and asks for no script, three times', ['took', 'fetched', 'ran'], 3, 'shimx64.efi (file)'],
    ['and has its script, however often', ['took', 'fetched', 'ran', 'asked'], 9, 'snponly.efi (file)'],
  ] as const)('%s', (_name, inputs, starts, way) => {
    const machine = new Machine();
    machine.asks(0, true);
    for (let start = 1; start <= starts; start++) {
      machine.comes(...inputs);
      machine.asks(start * 60, true);
    }
    expect(describeWay(machine.spell?.way ?? { shape: 'none' })).toBe(way);
  });

  it('and never runs a loader that it ran before has a second chance', () => {
    const machine = new Machine({ proved: { shape: 'file', loader: IPXE } });
    machine.asks(0, true);
    expect([machine.comes('took', 'fetched').asks(60, true), machine.comes('took', 'fetched').asks(120, true)]).toEqual(
      ['snponly.efi (file)', 'shimx64.efi (file)'],
    );
  });

  it('by another form keeps that form when its loader does not run', () => {
    const machine = new Machine();
    machine.round(0);
    expect(machine.comes('took', 'fetched').asks(60, true)).toBe('shimx64.efi (no-menu)');
  });

  it('knows which loader comes next', () => {
    const machine = new Machine();
    machine.asks(0, true);
    expect(machine.spell?.spare).toBe(SHIM);
    expect(machine.comes('fetched').asks(60, true)).toBe('shimx64.efi (file)');
    expect(machine.spell).not.toHaveProperty('spare');
  });
});

it('whatever happens, the answer is one of the ways, and a machine that has its script begins with the first', () => {
  const inputs = fc.constantFrom<WayInput | 'again' | 'anew'>('took', 'fetched', 'ran', 'asked', 'again', 'anew');
  const walk = fc.array(fc.record({ input: inputs, wait: fc.integer({ min: 0, max: 90 }) }), { maxLength: 60 });
  fc.assert(
    fc.property(walk, fc.constantFrom<BootRole>('authoritative', 'proxy'), (steps, role) => {
      const machine = new Machine({ role });
      let seconds = 0;
      for (const { input, wait } of steps) {
        seconds += wait;
        walkOn(machine, input, seconds);
        const { shape = 'file', loader = IPXE } = machine.spell?.way ?? {};
        expect(WAYS.map((way) => way.shape)).toContain(shape);
        expect(WAYS.map((way) => way.loader)).toContain(loader);
        expect(machine.spell?.failed.length ?? 0).toBeLessThan(5);
      }
    }),
    { seed: Number(process.env['SLIPWAY_SEED'] ?? 1), numRuns: 60 },
  );
});

function walkOn(machine: Machine, input: WayInput | 'again' | 'anew', seconds: number): void {
  if (input !== 'again' && input !== 'anew') {
    machine.comes(input);
    return;
  }
  const hadScript = machine.spell?.stage === 'asked';
  const way = machine.asks(seconds, input === 'anew');
  if (hadScript) expect(way).toBe('snponly.efi (file)');
}
