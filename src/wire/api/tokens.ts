import type { AdminToken, Role } from '../../model/fleet/hub-rows.ts';

/** What `GET tokens` shows: never a token itself. */
export type TokenView = Omit<AdminToken, 'secretDigest'> & { readonly state: 'valid' | 'expired' | 'withdrawn' };
export type TokenList = { readonly tokens: readonly TokenView[] };
/** `POST tokens`, role `admin`. */
export type NewTokenBody = { readonly name: string; readonly role: Role; readonly expiresInMs?: number };
/** `token` is shown this once. `POST tokens/:id/withdraw` is answered with a sentence. */
export type NewTokenReply = { readonly id: string; readonly token: string; readonly expiresAt?: number };
