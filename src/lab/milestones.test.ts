import { describe, expect, test } from 'vitest';
import { type Milestone, recogniseLine, watchConsole } from './milestones.ts';

async function* readable(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

describe('milestones on the console', () => {
  test.each([
    ['SeaBIOS (version 1.16.2-debian-1.16.2-1)', 'firmware'],
    ['>>Start PXE over IPv4.', 'firmware'],
    ['iPXE initialising devices...ok', 'ipxe'],
    ['iPXE 1.0.0+git-20190125.36a4c85-5.1 -- Open Source Network Boot Firmware -- http://ipxe.org', 'ipxe'],
    ['[    0.000000] Linux version 6.1.0-56-cloud-amd64 (debian-kernel@lists.debian.org)', 'kernel'],
    ['Probing EDD (edd=off to disable)... ok[    0.000000] Linux version 6.1.0-56-cloud-amd64', 'kernel'],
    ['EFI stub: Loaded initrd from command line option', 'kernel'],
    ['SLIPWAY-GUEST: linux is up: 6.1.0-56-cloud-amd64', 'system'],
    ['SLIPWAY-GUEST: configured pos-1', 'configured'],
    ['SLIPWAY-GUEST: failed: no answer to DHCP', 'failed'],
    ["[   17.1] cloud-init[210]: Cloud-init v. 22.4.2 running 'init' at Sat, 21 Nov 2026", 'system'],
    ['[   42.1] cloud-init[310]: Cloud-init v. 22.4.2 finished at Sat, 21 Nov 2026', 'configured'],
    ['[    4.281889] Kernel panic - not syncing: Attempted to kill init!', 'failed'],
    ['No bootable device.', 'failed'],
  ])('%s', (line, stage) => {
    expect(recogniseLine(line)).toBe(stage);
  });

  test.each(['', 'Booting from Hard Disk...', 'hello from a script'])('"%s" is none', (line) => {
    expect(recogniseLine(line)).toBeUndefined();
  });

  test('each stage is told once, and again when the machine starts anew', async () => {
    const told: Milestone[] = [];
    const boot = ['SeaBIOS (version 1)', 'iPXE 1.0', 'iPXE initialising devices', 'noise'];
    await watchConsole(readable([...boot, ...boot]), (milestone) => told.push(milestone));
    expect(told.map((milestone) => milestone.stage)).toEqual(['firmware', 'ipxe', 'firmware', 'ipxe']);
  });
});
