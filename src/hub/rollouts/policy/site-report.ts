import type { PublicationSite, PublicationSiteState } from '../../../model/fleet/hub-rows.ts';

/** The state `apply` of a site: how far it is with the newest revision that it was offered. */
export type ApplyState = {
  readonly number: number;
  readonly publication?: string;
  readonly state: PublicationSiteState;
  readonly because?: string;
};

const REPORTED: readonly PublicationSiteState[] = [
  'offered',
  'fetched',
  'trial',
  'deferred',
  'confirmed',
  'reverted',
  'refused',
];
/** Longer ones are cut: they are shown in tables. */
const MOST_BECAUSE = 500;

/** Reads the state entry; undefined if it is of a shape that this hub does not know. */
export function parseApply(value: unknown): ApplyState | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { number, publication, state, because } = value as Record<string, unknown>;
  const known = REPORTED.find((one) => one === state);
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || known === undefined) return undefined;
  return {
    ...{ number, state: known },
    ...(typeof publication === 'string' && { publication }),
    ...(typeof because === 'string' && because !== '' && { because: because.slice(0, MOST_BECAUSE) }),
  };
}

/** The row after what its site said; undefined: it says nothing new of it. The newest word counts, also one that takes back another. */
export function heed(row: PublicationSite, said: ApplyState, now: number): PublicationSite | undefined {
  if (said.number !== row.number || row.state === 'superseded') return undefined;
  if (said.state === row.state && said.because === row.because) return undefined;
  // It was offered and withdrawn, and the site has not fetched it: here it waits.
  if (said.state === 'offered' && row.state === 'waiting') return undefined;
  const { because: _former, ...rest } = row;
  const since = said.state === row.state ? row.since : now;
  return { ...rest, state: said.state, since, ...(said.because === undefined ? {} : { because: said.because }) };
}
