import type { z } from 'zod';
import { AppError } from '../../kernel/errors.ts';
import type { Role } from '../../model/fleet/hub-rows.ts';
import type { HubStore, HubTx, NewAuditEntry } from '../../model/fleet/hub-store.ts';

/** Who asks. At the control socket it is `terminal`, an admin. */
export type Who = { readonly name: string; readonly role: Role };
export type Ask<P, Q, B> = { readonly who: Who; readonly params: P; readonly query: Q; readonly body: B };

/** What an act did: its answer, and what the audit keeps of it in the very same unit. */
export type Done = {
  readonly reply: object;
  readonly audit: Pick<NewAuditEntry, 'action' | 'subject'> & { readonly detail?: NewAuditEntry['detail'] };
  /** Runs when all of it is on disk; what it rejects with does not undo it. */
  readonly afterwards?: () => void | Promise<void>;
};

type Shape<P, Q, B> = {
  /** `operationId` of the OpenAPI document. */
  readonly id: string;
  /** Below `/api/v1/`, with `:name` for a value. */
  readonly path: string;
  readonly role: Role;
  /** One sentence. */
  readonly summary: string;
  /** Name of the type of the answer in `src/wire/api`. */
  readonly reply: string;
  readonly params?: z.ZodType<P>;
  readonly query?: z.ZodType<Q>;
  /** JSON; or a body of bytes of at most this size. */
  readonly body?: z.ZodType<B>;
};

/** What came in, before it was looked at. */
export type RawAsk = { readonly who: Who; readonly params: unknown; readonly query: unknown; readonly body: unknown };
export type RouteContext = { readonly store: HubStore; readonly now: () => number };

/** One route of the admin API, as data: the server, its guard and the OpenAPI document are all made from it. */
export type AdminRoute = {
  readonly id: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly role: Role;
  readonly summary: string;
  readonly reply: string;
  readonly input: { readonly params?: z.ZodType; readonly query?: z.ZodType; readonly body?: z.ZodType };
  /** Of a body that is bytes; missing: JSON of at most 64 KiB. */
  readonly mostBytes?: number;
  /** Who writes into the audit what it did: the unit of the route, or the desk that has units of its own; `none`: it changes nothing. */
  readonly audit: 'unit' | 'desk' | 'none';
  /** Rejects with an AppError, `usage-invalid` if the input is not as it is described. */
  readonly run: (context: RouteContext, ask: RawAsk) => Promise<object>;
};

/** A route that shows something and changes nothing. */
export function shows<P = unknown, Q = unknown>(
  route: Omit<Shape<P, Q, unknown>, 'body'> & {
    readonly show: (tx: HubTx, ask: Ask<P, Q, unknown>) => Promise<object>;
  },
): AdminRoute {
  const { show, ...shape } = route;
  return {
    ...describe(shape, 'GET'),
    audit: 'none',
    run: ({ store }, raw) => {
      const ask = parse(shape, raw);
      return store.read((tx) => show(tx, ask));
    },
  };
}

/** A route that changes something: in one unit, with its entry in the audit. */
export function acts<P = unknown, B = unknown>(
  route: Omit<Shape<P, unknown, B>, 'query'> & {
    readonly act: (tx: HubTx, ask: Ask<P, unknown, B>, now: number) => Promise<Done>;
  },
): AdminRoute {
  const { act, ...shape } = route;
  return {
    ...describe(shape, 'POST'),
    audit: 'unit',
    run: async ({ store, now }, raw) => {
      const ask = parse(shape, raw);
      const at = now();
      const { reply, afterwards } = await store.work(async (tx) => {
        const done = await act(tx, ask, at);
        await tx.appendAudit({ at, who: ask.who.name, detail: {}, ...done.audit });
        return done;
      });
      await afterwards?.();
      return reply;
    },
  };
}

/**
 * A route whose desk has units of its own, and by POST writes the audit in them with the name that it is given: for what takes
 * long, or is more than rows. With `mostBytes` its body is bytes.
 */
export function hands<P = unknown, Q = unknown, B = unknown>(
  route: Shape<P, Q, B> & {
    readonly method: 'GET' | 'POST';
    readonly mostBytes?: number;
    readonly hand: (ask: Ask<P, Q, B>) => Promise<object>;
  },
): AdminRoute {
  const { hand, method, mostBytes, ...shape } = route;
  const size = mostBytes === undefined ? {} : { mostBytes };
  const audit = method === 'POST' ? 'desk' : 'none';
  return { ...describe(shape, method), ...size, audit, run: async (_context, raw) => hand(parse(shape, raw)) };
}

function describe<P, Q, B>(
  shape: Shape<P, Q, B>,
  method: 'GET' | 'POST',
): Omit<AdminRoute, 'run' | 'mostBytes' | 'audit'> {
  const { id, path, role, summary, reply, params, query, body } = shape;
  const input = { ...(params && { params }), ...(query && { query }), ...(body && { body }) };
  return { id, method, path, role, summary, reply, input };
}

function parse<P, Q, B>({ params, query, body }: Shape<P, Q, B>, raw: RawAsk): Ask<P, Q, B> {
  return {
    who: raw.who,
    params: check(params, raw.params, 'the path'),
    query: check(query, raw.query, 'the query'),
    body: check(body, raw.body, 'the body'),
  };
}

/** Without a schema nothing is read of it, whatever it is. */
function check<T>(schema: z.ZodType<T> | undefined, value: unknown, where: string): T {
  if (!schema) return value as T;
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  const path = first && first.path.length > 0 ? `${first.path.join('.')}: ` : '';
  throw new AppError('usage-invalid', `${where} is not as it should be: ${path}${first?.message ?? 'unknown'}`);
}
