import type { Arch, HardwareClass, LocalBoot } from '../../../model/revision.ts';

/** What a loader says of the firmware that it runs on. */
export type MachineEnv = {
  readonly platform: 'pcbios' | 'efi' | 'unknown';
  /** Of the loader, not of the processor: `i386` for undionly.kpxe on every PC. */
  readonly buildarch: string;
  /** Whether a 32-bit loader found a 64-bit processor below it. */
  readonly longMode: 'yes' | 'no' | 'unknown';
};

/** The architecture of the kernels that this machine can start, or undefined if there is none. */
export function bootArch(env: MachineEnv): Arch | undefined {
  if (env.buildarch === 'arm64') return 'arm64';
  if (env.buildarch === 'x86_64') return 'amd64';
  // A 32-bit UEFI cannot start a 64-bit kernel, whatever the processor can do.
  if (env.buildarch === 'i386' && env.platform !== 'efi' && env.longMode !== 'no') return 'amd64';
  // A loader that says nothing of itself is let through: the kernel tells more than we could guess.
  return env.buildarch === '' ? 'amd64' : undefined;
}

/** How a machine gets to its own disk: as its class says, else as its kind of firmware mostly wants it. */
export function localBootOf(hardware: HardwareClass | undefined, env: MachineEnv): LocalBoot {
  return hardware?.localBoot ?? (env.platform === 'pcbios' ? 'sanboot' : 'exit');
}
