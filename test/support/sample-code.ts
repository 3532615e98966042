import type { MacAddress } from '../../src/kernel/mac.ts';
import { CODE_LETTERS, spellCode } from '../../src/model/identity.ts';

/** The code that the screen of this machine shows in tests: the same each time, where a site draws one by lot. */
export function sampleCode(mac: MacAddress): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < mac.length; i++) hash = Math.imul(hash ^ mac.charCodeAt(i), 0x01000193) >>> 0;
  return spellCode(Uint8Array.from({ length: CODE_LETTERS }, (_, i) => hash >>> (8 * i)));
}
