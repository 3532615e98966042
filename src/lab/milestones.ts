/** How far a machine has come, as its console tells it. */
export type ConsoleStage = 'firmware' | 'ipxe' | 'kernel' | 'system' | 'configured' | 'failed';

export type Milestone = { readonly stage: ConsoleStage; readonly line: string };

/** The first row that matches a line names its stage. Failures come first, because their lines look like the others. */
const ROWS: readonly (readonly [ConsoleStage, RegExp])[] = [
  ['failed', /Kernel panic|SLIPWAY-GUEST: failed|No bootable device|BdsDxe: No bootable option/],
  ['firmware', /^SeaBIOS \(version|^BdsDxe: (loading|starting) Boot|>>Start PXE over IPv4|>>Start HTTP Boot/],
  ['ipxe', /^iPXE \d|^iPXE initialising devices|iPXE.*Open Source Network Boot Firmware/],
  ['kernel', /\[ *\d+\.\d+\] Linux version \d|^EFI stub:/],
  ['configured', /SLIPWAY-GUEST: configured |Cloud-init v\. \S+ finished at/],
  ['system', /SLIPWAY-GUEST: |Cloud-init v\. \S+ running/],
];

/** The stage that a line of the console shows, if it shows one. */
export function recogniseLine(line: string): ConsoleStage | undefined {
  return ROWS.find(([, pattern]) => pattern.test(line))?.[0];
}

/**
 * Reads a console to its end and calls `onMilestone` each time the machine enters another stage, also when it comes
 * back to an earlier one: a machine that starts again shows it.
 */
export async function watchConsole(
  lines: AsyncIterable<string>,
  onMilestone: (milestone: Milestone) => void,
): Promise<void> {
  let current: ConsoleStage | undefined;
  for await (const line of lines) {
    const stage = recogniseLine(line);
    if (!stage || stage === current) continue;
    current = stage;
    onMilestone({ stage, line });
  }
}
