import type { MacAddress } from '../../kernel/mac.ts';
import type { SimKind } from './kinds.ts';

/** Locally administered (bit 1 of the first byte), so that no real card has it. `unknownMachines.ignore` can name it: `02:5c:*`. */
const SIM_PREFIX = '02:5c';
/** A Raspberry Pi is known by the maker of its card. */
const PI_PREFIX = 'b8:27';

/** The MACs of simulated machines; the same seed and kinds give the same ones. */
export function simMacs(count: number, seed: number, kinds: readonly Pick<SimKind, 'name'>[]): readonly MacAddress[] {
  return Array.from({ length: count }, (_, index) => {
    const isPi = kinds[index % kinds.length]?.name === 'raspberry-pi';
    const bytes = isPi
      ? [0xeb, seed & 255, (index >> 8) & 255, index & 255]
      : [(seed >> 8) & 255, seed & 255, (index >> 8) & 255, index & 255];
    const tail = bytes.map((byte) => byte.toString(16).padStart(2, '0'));
    return [isPi ? PI_PREFIX : SIM_PREFIX, ...tail].join(':') as MacAddress;
  });
}
