import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../kernel/errors.ts';
import type { FreezeBody, RevisionView } from '../../wire/api/revision.ts';

/** Where revisions are shown, and held up. Each answer of a command is a sentence; rejects with an AppError. */
export interface RevisionDesk {
  view(): RevisionView;
  retry(): Promise<string>;
  freeze(body: FreezeBody): Promise<string>;
  thaw(): Promise<string>;
}

/** `/api/v1/revision`, for whoever may see the page; what it does, for the control socket alone. */
export function registerRevisionRoutes(
  app: FastifyInstance,
  desk: RevisionDesk,
  assertTerminal: (request: FastifyRequest['raw']) => void,
): void {
  const onRequest = (request: FastifyRequest, _reply: FastifyReply, done: () => void): void => {
    assertTerminal(request.raw);
    done();
  };
  app.get('/api/v1/revision', async () => desk.view());
  app.post('/api/v1/revision/retry', { onRequest }, async () => ({ sentence: await desk.retry() }));
  app.post('/api/v1/freeze', { onRequest }, async ({ body }) => ({ sentence: await desk.freeze(freezeBody(body)) }));
  app.post('/api/v1/thaw', { onRequest }, async () => ({ sentence: await desk.thaw() }));
}

/** `POST /api/v1/join`, for the control socket alone: keeps a code of head office. `join` answers with a sentence, or rejects with an AppError. */
export function registerJoinRoute(
  app: FastifyInstance,
  join: ((code: string) => Promise<string>) | undefined,
  assertTerminal: (request: FastifyRequest['raw']) => void,
): void {
  const onRequest = (request: FastifyRequest, _reply: FastifyReply, done: () => void): void => {
    assertTerminal(request.raw);
    done();
  };
  app.post('/api/v1/join', { onRequest }, async ({ body }) => {
    const { code } = (body ?? {}) as { readonly code?: unknown };
    if (typeof code !== 'string') throw new AppError('usage-invalid', 'a site joins with {"code": "K7PW-…"}');
    if (!join)
      throw new AppError(
        'command-refused',
        'this site has a template of its own; head office needs `hub` in its site file',
      );
    return { sentence: await join(code) };
  });
}

function freezeBody(body: unknown): FreezeBody {
  const { until, because } = (body ?? {}) as { readonly until?: unknown; readonly because?: unknown };
  if (typeof until !== 'string' || (because !== undefined && typeof because !== 'string'))
    throw new AppError('usage-invalid', 'a freeze is begun with {"until": "20:00"} or {"until": "2h"}, and "because"');
  return { until, ...(because === undefined ? {} : { because: because.slice(0, 200) }) };
}
