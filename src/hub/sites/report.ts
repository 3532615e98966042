import type { DeadLetter, EventCursor } from '../../model/fleet/hub-rows.ts';
import type { FleetEvent, HubTx } from '../../model/fleet/hub-store.ts';
import { Item, type ReportRequest, type ReportResponse } from '../../wire/link/gen/link.ts';
import type { Caller } from '../../wire/link/handlers.ts';
import { Refusal } from '../../wire/link/refusals.ts';
import type { SitesDeps } from './deps.ts';
import { lineUp } from './policy/line-up.ts';
import { type Allowance, isDeaf, PACE, pauseFor, spend } from './policy/pace.ts';
import { type ReadItem, readItem } from './policy/read-item.ts';
import { noteHeard, requireCurrent } from './sessions.ts';

/** Of a site; beyond it the oldest go. They are for a person, are looked through each minute, and one broken site shall not fill the disk. */
const KEPT_DEAD_LETTERS = 100;
const DEAD_BYTES = 16 * 1024;
const EPOCH = /^[\w.-]{1,64}$/;

type Kept = Pick<ReportResponse, 'epoch' | 'ackedThrough' | 'rejected' | 'conflict'>;

export function createReport(deps: SitesDeps) {
  const { clock, random, store, limits } = deps;
  const allowances = new Map<string, Allowance>();
  let inWork = 0;
  const pace = (caller: Caller, count: number): number => {
    const left = spend(allowances.get(caller.site), count, clock.monotonic(), PACE);
    if (isDeaf(left, PACE) || inWork >= PACE.maxReports) {
      const pauseMs = Math.round((0.5 + random.unit()) * 30_000);
      throw new Refusal('busy', 'too much is reported at once', { pauseMs });
    }
    allowances.set(caller.site, left);
    return pauseFor(left, inWork, PACE);
  };
  return async (caller: Caller, request: ReportRequest): Promise<ReportResponse> => {
    const pauseMs = pace(caller, request.items.length);
    inWork += 1;
    try {
      const kept = await store.work((tx) => keep(tx, deps, caller, request));
      return { ...kept, limits: { ...limits(), pauseMs } };
    } finally {
      inWork -= 1;
    }
  };
}

/** One unit: the events, the cursor and what was put aside are written together, and the answer leaves after that. */
async function keep(tx: HubTx, { clock }: SitesDeps, caller: Caller, request: ReportRequest): Promise<Kept> {
  const now = clock.now();
  const key = `${caller.site}/${request.items[0]?.epoch ?? ''}`;
  const [session, found] = await Promise.all([requireCurrent(tx, caller, request.session), tx.get('cursors', key)]);
  await noteHeard(tx, caller, session, now);
  const { epoch, items } = firstEpoch(request);
  const read = items.map((item) => readItem(item, caller.site, now));
  if (!read.every((item) => item !== undefined)) throw new Refusal('request-malformed', 'an item has no number');
  const cursor = found ?? { site: caller.site, epoch, through: 0, startedAt: now };
  const { repeated, fresh, through } = lineUp(read, cursor.through);

  const conflict = await findConflict(tx, repeated);
  if (conflict !== undefined)
    return { ...acknowledged(cursor), rejected: [], conflict: { epoch, seq: BigInt(conflict) } };

  const added = fresh.flatMap((item) => asEvent(item, caller.site, epoch, now));
  const verdicts = added.length > 0 ? await tx.appendEvents(added) : [];
  if (verdicts.includes('conflict')) throw new Error(`events of ${key} behind ${cursor.through} are here already`);
  const dead = fresh.filter((item) => item.kind === 'dead');
  for (const letter of dead) await putAside(tx, letter, items, { site: caller.site, epoch, at: now });
  if (dead.length > 0) await boundDeadLetters(tx, caller.site);
  const next = { ...cursor, through };
  if (through > cursor.through) await tx.put('cursors', key, next);
  const rejected = dead.map(({ seq, because }) => ({ epoch, seq: BigInt(seq), because }));
  return { ...acknowledged(next), rejected, conflict: undefined };
}

function acknowledged({ epoch, through }: EventCursor): Pick<Kept, 'epoch' | 'ackedThrough'> {
  return { epoch, ackedThrough: BigInt(through) };
}

/** A report is about one numbering; what is of another one comes again with the next. */
function firstEpoch({ items }: ReportRequest): { epoch: string; items: readonly Item[] } {
  const epoch = items[0]?.epoch ?? '';
  if (!EPOCH.test(epoch)) throw new Refusal('request-malformed', 'a report needs items with a numbering of events');
  return { epoch, items: items.filter((item) => item.epoch === epoch) };
}

/** The first number that has another event here: the site was restored from an older copy of itself, and went on. */
async function findConflict(tx: HubTx, repeated: readonly ReadItem[]): Promise<number | undefined> {
  const events = repeated.flatMap((item) => (item.kind === 'event' ? [item.event] : []));
  const verdicts = events.length > 0 ? await tx.appendEvents(events) : [];
  return events[verdicts.indexOf('conflict')]?.seq;
}

function asEvent(item: ReadItem, site: string, epoch: string, now: number): readonly FleetEvent[] {
  if (item.kind === 'event') return [item.event];
  if (item.kind === 'dead' || item.none) return [];
  const { seq, through, reason } = item;
  return [{ site, epoch, seq, type: 'gap', at: now, sentence: reason, through, receivedAt: now }];
}

async function putAside(
  tx: HubTx,
  { seq, because }: ReadItem & { readonly kind: 'dead' },
  items: readonly Item[],
  where: Pick<DeadLetter, 'site' | 'epoch' | 'at'>,
): Promise<void> {
  const item = items.find((one) => Number(one.seq) === seq);
  const bytes = item ? Buffer.from(Item.encode(item).finish()).subarray(0, DEAD_BYTES).toString('base64') : '';
  await tx.put('deadLetters', `${where.site}/${where.epoch}/${seq}`, { ...where, seq, because, bytes });
}

async function boundDeadLetters(tx: HubTx, site: string): Promise<void> {
  const letters = await tx.list('deadLetters', { prefix: `${site}/` });
  const oldest = [...letters].sort((a, b) => a.row.at - b.row.at || a.row.seq - b.row.seq);
  for (const { key } of oldest.slice(0, Math.max(0, letters.length - KEPT_DEAD_LETTERS)))
    await tx.delete('deadLetters', key);
}
