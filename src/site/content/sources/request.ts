import type { BlobRequest } from '../../../model/content.ts';

/** A request as the store makes it: with the signal that Node's own functions take. */
export type SourceRequest = BlobRequest & { readonly signal: AbortSignal };
