/**
 * A test that proves that a kind of client boots: its file, and a part of its name as it is written there. `simulated`:
 * the client is a program that says what the recorded firmware said.
 */
export type Proof = { readonly file: string; readonly test: string; readonly simulated?: true };

export const MODES = ['authoritative', 'proxy'] as const;
export type Mode = (typeof MODES)[number];

const LAB = 'test/lab/demo.test.ts';
const demo: Proof = { file: LAB, test: 'goes the whole way with %s firmware' };

const BESIDE = 'test/wire/proxy.test.ts';
const beside = (test: string): Proof => ({ file: BESIDE, test, simulated: true });

/** What was seen to boot, by kind of client and mode of its network. What is not here was not tested. */
export const CLIENT_PROOFS: Readonly<Record<string, Partial<Readonly<Record<Mode, readonly Proof[]>>>>> = {
  bios: { authoritative: [demo, { file: 'test/lab/install.test.ts', test: 'is served once by its order' }] },
  'uefi-x64': {
    authoritative: [demo, { file: 'test/lab/secure-boot.test.ts', test: 'boots by shim and GRUB' }],
    proxy: [beside('its loader comes by TFTP, and by that its boot is seen')],
  },
  'uefi-arm64': {
    authoritative: [
      { file: 'test/lab/arm64.test.ts', test: 'boots by GRUB, with a kernel by TFTP' },
      { file: 'test/matrix/arm64-secure.test.ts', test: 'from the next power-on boots by shim' },
    ],
  },
  ipxe: {
    authoritative: [demo],
    proxy: [beside('it boots, reads its secrets with no lease of ours, and is enrolled')],
  },
  os: {
    authoritative: [{ file: 'test/lab/cloud-init.test.ts', test: 'phones home, by which the node is enrolled' }],
  },
};
