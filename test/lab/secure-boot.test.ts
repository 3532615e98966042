import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askSite } from '../../src/adapters/http/control-client.ts';
import { type MacAddress, parseMac } from '../../src/kernel/mac.ts';
import { labCacheDir } from '../../src/lab/cache.ts';
import { demoSite, prepareInstaller } from '../../src/lab/demo-site.ts';
import type { Machine } from '../../src/lab/qemu.ts';
import type { NodeDetail } from '../../src/wire/api/views.ts';
import { installsByGrub, LONG_MS } from './support/grub-install.ts';
import { LabRun } from './support/lab-machine.ts';

const MEMORY_MB = 512;

describe('a PC that enforces Secure Boot', { timeout: 900_000 }, () => {
  const run = new LabRun('secure-boot');
  beforeAll(async () => {
    const system = await prepareInstaller(labCacheDir(), () => undefined);
    const other = parseMac('52:54:00:5b:00:99') as MacAddress;
    await run.startSite(await demoSite(system, { mac: other }, `${import.meta.dirname}/support/life.yaml`));
    await run.slipway('arm');
  });
  afterAll(() => run.end());

  const says = (machine: Machine, pattern: RegExp) => machine.console.waitFor(pattern, LONG_MS);

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
    await installsByGrub(run, machine, 'uefi-secure');
    await says(machine, /Secure boot enabled|Secure Boot is enabled/i);
    const { node, boots } = await askSite<NodeDetail>(run.site.socket, '/api/v1/nodes/till-1');
    expect(node).toMatchObject({ state: 'enrolled', binding: 1, install: { because: 'it is installed' } });
    expect(boots.map(({ outcome }) => outcome)).toEqual(['local', 'installed']);
  });
});
