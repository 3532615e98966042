import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askSite } from '../../src/adapters/http/control-client.ts';
import { type MacAddress, parseMac } from '../../src/kernel/mac.ts';
import { labCacheDir } from '../../src/lab/cache.ts';
import { demoSite, prepareInstaller } from '../../src/lab/demo-site.ts';
import type { Machine } from '../../src/lab/qemu.ts';
import type { NodeDetail } from '../../src/wire/api/views.ts';
import { LabRun } from './support/lab-machine.ts';

const MEMORY_MB = 512;

describe('a PC that enforces Secure Boot', () => {
  const run = new LabRun('secure-boot');
  beforeAll(async () => {
    const system = await prepareInstaller(labCacheDir(), () => undefined);
    const other = parseMac('52:54:00:5b:00:99') as MacAddress;
    await run.startSite(await demoSite(system, { mac: other }, `${import.meta.dirname}/support/life.yaml`));
    await run.slipway('arm');
  });
  afterAll(() => run.end());

  const says = (machine: Machine, pattern: RegExp) => machine.console.waitFor(pattern, 120_000);

  it('refuses iPXE once', async () => {
    const machine = await run.switchOn('uefi-secure', MEMORY_MB);
    // "Access Denied", but the screen ends before that.
    await says(machine, /BdsDxe: failed to load Boot\d+ "UEFI PXEv4/);
    await machine.stop();
  });

  it('from the next power-on boots by shim and GRUB: is held with a code, claimed, and installs', async () => {
    const machine = await run.switchOn('uefi-secure', MEMORY_MB);
    await says(machine, /Welcome to GRUB/);
    await says(machine, /This machine: Slipway Lab Virtual Node, serial LAB-0002, MAC/);
    const code = (await says(machine, /\*\*\* [2-9A-HJ-NP-Z]{4} \*\*\*/)).replaceAll(/[* ]/g, '');
    await run.waitForEvent('held', ({ type }) => type === 'machine-held', 30_000);
    expect(await run.slipway('claim', code, 'till-1')).toContain('Its install is ordered.');
    await says(machine, /pos INSTALLS on the disk vda .*\(attempt 1 of 3\)/);
    await says(machine, /Secure boot enabled|Secure Boot is enabled/i);
    await says(machine, /SLIPWAY-GUEST: installed till-1/);
    // The machine starts again, and GRUB finds what the installer has left.
    await says(machine, /local disk: it is installed/);
    await says(machine, /Starting \(hd0,msdos1\)\/EFI\/debian\/shimx64\.efi/i);
    await says(machine, /SLIPWAY-GUEST: booted from disk, with Secure Boot/);
    await machine.exited;
    expect(run.installsServed()).toBe(1);
    expect(await run.diskWrites()).toBe(1);
    expect(await run.written('order-confirmed', 'till-1')).toHaveLength(1);
    const { node, boots } = await askSite<NodeDetail>(run.site.socket, '/api/v1/nodes/till-1');
    expect(node).toMatchObject({ state: 'enrolled', binding: 1, install: { because: 'it is installed' } });
    expect(boots.map(({ outcome }) => outcome)).toEqual(['local', 'installed']);
  });
});
