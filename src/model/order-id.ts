import type { Brand } from '../kernel/brand.ts';

/** `o4`: counted by the site, never used twice. */
export type OrderId = Brand<string, 'OrderId'>;
