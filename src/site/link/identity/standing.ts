import type { Validity } from '../../../model/fleet/x509.ts';
import type { KeptJoining } from './kept.ts';

/** How this site stands with head office, for people. `because`: what is wrong with the code; it is kept all the same. */
export type IdentityStanding =
  | { readonly state: 'needs-code'; readonly because?: string }
  | { readonly state: 'joining'; readonly since: number; readonly because?: string }
  | { readonly state: 'damaged'; readonly because: string }
  | { readonly state: 'refused'; readonly because: string; readonly hub: string }
  | ({ readonly state: 'joined'; readonly hub: string } & Validity);

/** Of a code that waits to be used, or to be used once more. */
export function joiningOf({ since, refused }: KeptJoining): IdentityStanding {
  return { state: 'joining', since, ...(refused && { because: refused.message }) };
}
