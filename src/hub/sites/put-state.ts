import { createHash } from 'node:crypto';
import type { Digest } from '../../kernel/digest.ts';
import type { SiteSession, SiteStateEntry } from '../../model/fleet/hub-rows.ts';
import type { HubTx } from '../../model/fleet/hub-store.ts';
import type { PutStateRequest, PutStateResponse, StateEntry } from '../../wire/link/gen/link.ts';
import type { Caller } from '../../wire/link/handlers.ts';
import { Refusal } from '../../wire/link/refusals.ts';
import type { SitesDeps, StateListener } from './deps.ts';
import { isTooDeep } from './policy/depth.ts';
import { noteHeard, requireCurrent, sessionKey } from './sessions.ts';

const MAX_ENTRIES = 5_000;
const MAX_KEY_CHARS = 200;
const MAX_VALUE_BYTES = 256 * 1024;
/** Of all entries of a site. A box that takes over is given nearly all of it in one answer, which has four megabytes at the most. */
const MAX_STATE_BYTES = 2 * 1024 * 1024;

type StateChange = { readonly key: string; readonly value: unknown };
type Outcome = { readonly missing: readonly string[]; readonly changes: readonly StateChange[] };

export function createPutState(deps: SitesDeps, tell: StateListener) {
  return async (caller: Caller, request: PutStateRequest): Promise<PutStateResponse> => {
    if (request.entries.length > MAX_ENTRIES || request.entries.some(({ key }) => key.length > MAX_KEY_CHARS))
      throw new Refusal(
        'request-malformed',
        `a site has at most ${MAX_ENTRIES} entries, with keys of at most ${MAX_KEY_CHARS}`,
      );
    const { missing, changes } = await deps.store.work((tx) => replace(tx, deps, caller, request));
    for (const { key, value } of changes) tell(caller.site, key, value);
    return { missing: [...missing] };
  };
}

async function replace(tx: HubTx, { clock }: SitesDeps, caller: Caller, request: PutStateRequest): Promise<Outcome> {
  const now = clock.now();
  const { site } = caller;
  const [current, before] = await Promise.all([
    requireCurrent(tx, caller, request.session),
    tx.list('states', { prefix: `${site}/` }),
  ]);
  const session = await noteHeard(tx, caller, current, now);
  const counter = Number(request.counter);
  if (counter <= session.stateCounter) return { missing: [], changes: [] };
  await tx.put('sessions', sessionKey(session.site, session.session), { ...session, stateCounter: counter });

  const here = new Map(before.map(({ row }) => [row.key, row]));
  const kept = keptForTakeOver(session, request, here);
  const named = new Map(request.entries.filter(({ key }) => !kept.has(key)).map((entry) => [entry.key, entry]));
  const gone = [...here.keys()].filter((key) => !named.has(key) && !kept.has(key));
  for (const key of gone) {
    await tx.delete('states', `${site}/${key}`);
    here.delete(key);
  }
  const missing: string[] = [];
  const changes: StateChange[] = gone.map((key) => ({ key, value: undefined }));
  const room = new Room(here);
  for (const [key, entry] of named) {
    const digest = Buffer.from(entry.digest).toString('hex') as Digest;
    if (here.get(key)?.digest === digest) continue;
    const read = readValue(entry, digest);
    if (read === 'missing') missing.push(key);
    // What finds no room is not asked for again either: it would come each time.
    if (typeof read === 'string' || !room.takes(key, read.text)) continue;
    const row: SiteStateEntry = { site, key, digest, value: read.text, at: now };
    await tx.put('states', `${site}/${key}`, row);
    changes.push({ key, value: read.value });
  }
  return { missing, changes };
}

/**
 * The keys that are not this box's to change: what is installed here, as the box before it said, until this one has taken it over or
 * a person has armed it. It would be lost otherwise with the first thing that a new box says, which knows of no install.
 */
function keptForTakeOver(
  { isFresh }: SiteSession,
  { entries }: PutStateRequest,
  here: ReadonlyMap<string, SiteStateEntry>,
): ReadonlySet<string> {
  if (
    !isFresh ||
    isArmed(
      entries.find(({ key }) => key === 'site'),
      here.get('site'),
    )
  )
    return new Set();
  const orders = [...here.keys()].filter((key) => key.startsWith('orders/'));
  return new Set(orders.flatMap((key) => [key, `slots/${key.slice('orders/'.length)}`]));
}

/** By what it says now; the entry that is here counts only if it is the same, since it may be that of the box before. */
function isArmed(said: StateEntry | undefined, here: SiteStateEntry | undefined): boolean {
  const isSame = said && here?.digest === Buffer.from(said.digest).toString('hex');
  const text = said?.value ? Buffer.from(said.value).toString('utf8') : isSame ? here?.value : undefined;
  try {
    return (JSON.parse(text ?? 'null') as { armed?: unknown } | null)?.armed === true;
  } catch {
    return false;
  }
}

/** What a site may still say. One in good order has a tenth of it. */
class Room {
  readonly #here: ReadonlyMap<string, SiteStateEntry>;
  #bytes: number;

  constructor(here: ReadonlyMap<string, SiteStateEntry>) {
    this.#here = here;
    this.#bytes = [...here.values()].reduce((sum, { value }) => sum + Buffer.byteLength(value), 0);
  }

  takes(key: string, text: string): boolean {
    const bytes = this.#bytes + Buffer.byteLength(text) - Buffer.byteLength(this.#here.get(key)?.value ?? '');
    if (bytes > MAX_STATE_BYTES) return false;
    this.#bytes = bytes;
    return true;
  }
}

/** `missing`: to be sent once more. `unreadable`: sending it once more would change nothing. */
function readValue(
  { value }: StateEntry,
  digest: Digest,
): { readonly text: string; readonly value: unknown } | 'missing' | 'unreadable' {
  if (!value) return 'missing';
  if (value.length > MAX_VALUE_BYTES) return 'unreadable';
  if (createHash('sha256').update(value).digest('hex') !== digest) return 'unreadable';
  const text = Buffer.from(value).toString('utf8');
  if (isTooDeep(text)) return 'unreadable';
  try {
    return { text, value: JSON.parse(text) as unknown };
  } catch {
    return 'unreadable';
  }
}
