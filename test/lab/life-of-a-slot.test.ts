import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { askSite } from '../../src/adapters/http/control-client.ts';
import { labCacheDir } from '../../src/lab/cache.ts';
import { demoSite, prepareInstaller } from '../../src/lab/demo-site.ts';
import type { Machine } from '../../src/lab/qemu.ts';
import type { NodeDetail } from '../../src/wire/api/views.ts';
import { hardware, LabRun } from './support/lab-machine.ts';

const MEMORY_MB = 512;
/** The machines of this store: the first one of till-1, the one that replaces it, and that of till-2. */
const [FIRST, SECOND, BROKEN] = [3, 4, 5] as const;
/** Two machines run at a time, on a computer that others may use. */
const LONG_MS = 180_000;
const STORY = { timeout: 900_000 };
/** After the one before it, though both stories go on at the same time. */
const IN_TURN = { ...STORY, concurrent: false };

/** A line of the screen has 80 columns: what is longer goes on in the next one. */
const says = (machine: Machine, pattern: RegExp) => machine.console.waitFor(pattern, LONG_MS);

describe('the life of a slot', () => {
  const run = new LabRun('life');
  beforeAll(async () => {
    const system = await prepareInstaller(labCacheDir(), () => undefined);
    const { mac } = hardware(BROKEN);
    await run.startSite(await demoSite(system, { mac }, `${import.meta.dirname}/support/life.yaml`));
    await run.slipway('arm');
    await run.insertDisk(system.disk, BROKEN);
  });
  afterAll(() => run.end());

  /** What a person reads from the screen, once the site has written down that the machine waits. */
  async function codeOnScreen(machine: Machine, number: number): Promise<string> {
    const { mac, serial } = hardware(number);
    await says(machine, new RegExp(`This machine: Slipway Lab Virtual Node, serial ${serial}, MAC ${mac}`));
    const line = await says(machine, /\*\*\* [2-9A-HJ-NP-Z]{4} \*\*\*/);
    await run.waitForEvent(
      `${serial} is held`,
      ({ type, sentence }) => type === 'machine-held' && sentence.includes(mac),
      LONG_MS,
    );
    return line.replaceAll(/[* ]/g, '');
  }

  async function installs(machine: Machine): Promise<void> {
    await says(machine, /pos INSTALLS on the disk vda .*\(attempt 1 of 3\)/);
    await says(machine, /SLIPWAY-GUEST: writing the disk/);
  }

  async function endsOnItsDisk(machine: Machine): Promise<void> {
    await says(machine, /SLIPWAY-GUEST: installed till-1/);
    await says(machine, /local disk: it is installed/);
    await says(machine, /SLIPWAY-GUEST: booted from disk/);
    await machine.exited;
  }

  const detail = (name: string) => askSite<NodeDetail>(run.site.socket, `/api/v1/nodes/${name}`);

  describe.concurrent('with one machine after the other', () => {
    it(
      'begins with a machine that nobody knows: held, claimed by its code, it goes on by itself',
      IN_TURN,
      async () => {
        const machine = await run.switchOn('bios', MEMORY_MB, FIRST);
        const code = await codeOnScreen(machine, FIRST);
        await says(machine, /Slipway, site demo$/);
        await says(machine, /What to do: tell the code to whoever/);
        expect(await run.slipway('claim', code, 'till-1')).toContain('Its install is ordered.');
        await installs(machine);
        // Which of the two it is depends on how far the machine has come meanwhile.
        const refusal = /cannot be replaced: its machine (is booting now|holds the address)/;
        await expect(run.slipway('replace', 'till-1', code)).rejects.toThrow(refusal);
        await endsOnItsDisk(machine);
        expect((await detail('till-1')).node).toMatchObject({ state: 'enrolled', binding: 1 });
        expect(await run.diskWrites(FIRST)).toBe(1);
      },
    );

    it('goes on with another machine when the first one is dead, under an order of its own', IN_TURN, async () => {
      const machine = await run.switchOn('bios', MEMORY_MB, SECOND);
      const code = await codeOnScreen(machine, SECOND);
      // Only when the address of the first one has run out is it certain that it is off.
      const replace = () => run.slipway('replace', 'till-1', code);
      const sentence = await vi.waitFor(replace, { timeout: LONG_MS, interval: 2_000 });
      expect(sentence).toContain('Its install is ordered. The machine before it is fenced off.');
      await installs(machine);
      await endsOnItsDisk(machine);
      const { node } = await detail('till-1');
      expect(node).toMatchObject({ state: 'enrolled', binding: 2, machine: { serial: 'LAB-0004' } });
      expect(node?.machine?.address).toBe('10.77.0.21');
      expect(node?.install?.orders.map(({ state }) => state)).toEqual(['confirmed', 'confirmed']);
      expect(await run.diskWrites(SECOND)).toBe(1);
    });

    it('is closed to the first one, which is told so and boots its own disk', IN_TURN, async () => {
      const machine = await run.switchOn('bios', MEMORY_MB, FIRST);
      await says(machine, /local disk: replaced: this machine was fenced by cli/);
      await says(machine, /by Slipway Lab Virtual Node, serial LAB-0004/);
      await says(machine, /What to do: take it away/);
      await says(machine, /SLIPWAY-GUEST: booted from disk/);
      await machine.exited;
      expect(await run.diskWrites(FIRST)).toBe(1);
      expect(await run.written('order-attempt', 'till-1')).toHaveLength(2);
      const shown = await run.slipway('node', 'till-1');
      expect(shown).toMatch(/^till-1: enrolled/);
      expect(shown).toMatch(/^binding {2}2: .*serial LAB-0004 .*, since .*\nbinding {2}1: .*serial LAB-0003 .* to /m);
      expect(await run.slipway('node', hardware(FIRST).mac)).toMatch(/^fenced {3}replaced by .*LAB-0004/m);
    });
  });

  describe.concurrent('with an installer that always fails', () => {
    it('is parked after three attempts: the machine goes on with the system that it has', STORY, async () => {
      for (const attempt of [1, 2, 3]) {
        const machine = await run.switchOn('bios', MEMORY_MB, BROKEN);
        await says(machine, /broken INSTALLS on the disk vda/);
        await says(machine, new RegExp(`attempt ${attempt} of 3\\)`));
        await says(machine, /SLIPWAY-GUEST: the install fails, as it was told to/);
        await says(machine, new RegExp(`local disk: its installer has run \\(attempt ${attempt} of 3\\)`));
        await machine.stop();
      }
      const machine = await run.switchOn('bios', MEMORY_MB, BROKEN);
      await says(machine, /local disk: parked: 3 of 3 attempts did not complete/);
      await says(machine, /What to do: .*slipway reinstall till-2/);
      await says(machine, /SLIPWAY-GUEST: booted from disk/);
      await machine.exited;
      expect(await run.slipway('node', 'till-2')).toMatch(
        /^install {2}not now: parked: 3 of 3 attempts did not complete/m,
      );
      expect(await run.written('order-attempt', 'till-2')).toHaveLength(3);
      expect(await run.written('order-parked', 'till-2')).toHaveLength(1);
      expect(await run.diskWrites(BROKEN)).toBe(0);
    });
  });
});
