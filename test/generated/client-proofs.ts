/**
 * A test that proves that a kind of client boots: its file, and a part of its name as it is written there. `simulated`:
 * the client is a program that says what the recorded firmware said.
 */
export type Proof = { readonly file: string; readonly test: string; readonly simulated?: true };

export const MODES = ['authoritative', 'proxy', 'auto', 'relayed'] as const;
export type Mode = (typeof MODES)[number];

const proof = (file: string, test: string): Proof => ({ file: `test/${file}.test.ts`, test });
const simulated = (file: string, test: string): Proof => ({ ...proof(file, test), simulated: true });

const demo = proof('lab/demo', 'goes the whole way with %s firmware');
const beside = proof('lab/beside-servers', 'has its address from the other server and boots from the site');
const auto = proof('lab/auto-mode', 'finds out whether to lease, keeps to it, and boots the machine');
const relayed = proof('lab/relay', 'has an address of its own network and boots from a site that it cannot hear');
const cell = proof('matrix/worlds', 'boots to enrolled');
const crowd = simulated('lab/lab-clients', 'takes machines of several kinds to enrolled');

/**
 * What was seen to boot, by kind of client and mode of its network. What is not here was not tested. QEMU's ROM for BIOS
 * is iPXE, and says so: it proves nothing for ROMs that are not.
 */
export const CLIENT_PROOFS: Readonly<Record<string, Partial<Readonly<Record<Mode, readonly Proof[]>>>>> = {
  ipxe: {
    authoritative: [demo, proof('lab/install', 'is served once by its order')],
    proxy: [beside, simulated('wire/proxy', 'it boots, reads its secrets with no lease of ours, and is enrolled')],
    auto: [auto],
    relayed: [relayed],
  },
  'uefi-x64-http': {
    authoritative: [proof('lab/http-boot', 'goes from the address of a loader to enrolled')],
    proxy: [cell],
    relayed: [cell],
  },
  'uefi-x64': {
    authoritative: [
      demo,
      proof('lab/secure-boot', 'boots by shim and GRUB: is held with a code, claimed, and installs'),
    ],
    proxy: [beside, simulated('wire/proxy', 'its loader comes by TFTP, and by that its boot is seen')],
    auto: [cell],
    relayed: [cell, simulated('wire/relay', 'its loader, script, secrets and word come over the router')],
  },
  'uefi-arm64': {
    authoritative: [
      proof('lab/arm64', 'boots by GRUB, with a kernel by TFTP'),
      proof('matrix/arm64-secure', 'from the next power-on boots by shim'),
      proof('matrix/grub-disks', 'ends on the disk, from which the system starts by its own shim'),
    ],
    relayed: [cell],
  },
  bios: { authoritative: [crowd] },
  os: {
    authoritative: [proof('lab/cloud-init', 'phones home, by which the node is enrolled')],
    relayed: [proof('wire/relay', 'its system renews by itself, past the relay')],
  },
};
