import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../kernel/errors.ts';
import type { Answer } from './answers.ts';
import { createDesk, type Desk, type Ends, type MetadataDeps } from './desk.ts';
import { idsIn } from './policy/asked-for.ts';
import { FORMATS, type Format, isFormat } from './policy/formats.ts';
import { isNocloudFile, NOCLOUD_FILES } from './policy/nocloud.ts';

export type { MetadataDeps } from './desk.ts';

/**
 * `GET /nocloud/<id>/<file>` and `/store/<id>/<file>` by a stable id, `/documents/<id>/<format>` for what is one file,
 * `/documents/<format>?uuid=…` for who says itself who it is, and `/t/<token>/<file>` by token. For an id that is known
 * all four files of a seed are there, are short, and are answered at once: cloud-init waits for ever for an answer, and
 * takes ten seconds over a 404 of a file that it does not need; Talos takes three minutes.
 */
export function metadataRoutes(deps: MetadataDeps): (app: FastifyInstance) => void {
  const desk = createDesk(deps);
  const note = (format: Format, request: FastifyRequest): void => {
    const reads = format === 'ignition' ? ignitionVersion(request.headers.accept) : undefined;
    if (reads !== undefined) deps.log.info({ remote: request.ip, reads }, 'Ignition asks for its configuration');
  };
  return (app) => {
    for (const prefix of ['nocloud', 'store']) {
      app.get(`/${prefix}/:id/:file`, (request, reply) => {
        const { id = '', file = '' } = request.params as { id?: string; file?: string };
        return sendSeed(desk, { id, file }, request, reply);
      });
      app.get(`/${prefix}/:id`, (request, reply) => {
        const { id = '' } = request.params as { id?: string };
        return sendSeed(desk, splitMissingSlash(id), request, reply);
      });
    }
    app.get('/documents/:id/:format', async (request, reply) => {
      const { id = '', format = '' } = request.params as { id?: string; format?: string };
      note(parseFormat(format), request);
      return sendDocument(desk, { format: parseFormat(format), ids: [id] }, request, reply);
    });
    app.get('/documents/:format', async (request, reply) => {
      const { format = '' } = request.params as { format?: string };
      const ids = idsIn({ query: request.query as Record<string, unknown>, headers: request.headers });
      note(parseFormat(format), request);
      return sendDocument(desk, { format: parseFormat(format), ids }, request, reply);
    });
    app.get('/t/:token/:file', async (request, reply) => {
      const { token = '', file = '' } = request.params as { token?: string; file?: string };
      const answer = await desk.byToken(token, file, endsOf(request));
      if (!answer) throw new AppError('not-found', `there is no ${JSON.stringify(file)} here`);
      return send(reply, answer);
    });
  };
}

/** cloud-init 22.4 appends `meta-data` to the seed URL as it stands, so that a forgotten slash asks for `pos-1meta-data`. */
function splitMissingSlash(text: string): Wanted {
  const file = NOCLOUD_FILES.find((name) => text.endsWith(name) && text.length > name.length) ?? '';
  return { id: text.slice(0, text.length - file.length), file };
}

type Wanted = { readonly id: string; readonly file: string };

async function sendSeed(
  desk: Desk,
  { id, file }: Wanted,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const name = isNocloudFile(file) ? file : undefined;
  const answer = await desk.seed(id, name, endsOf(request));
  if (!answer) throw new AppError('not-found', `no slot or machine of this site is called ${JSON.stringify(id)}`);
  if (file !== '' && !name)
    throw new AppError('not-found', `a seed has the files ${NOCLOUD_FILES.join(', ')}, and no ${JSON.stringify(file)}`);
  return send(reply, name || answer.status !== 200 ? answer : { status: 200, body: `${NOCLOUD_FILES.join('\n')}\n` });
}

async function sendDocument(
  desk: Desk,
  { format, ids }: { readonly format: Format; readonly ids: readonly string[] },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  return send(reply, await desk.document(format, ids, endsOf(request)));
}

/** The newest specification that it reads: one that is newer than that ends in its emergency shell. */
function ignitionVersion(accept: string | undefined): string | undefined {
  return /application\/vnd\.coreos\.ignition\+json;\s*version=(\d+\.\d+\.\d+)/.exec(accept ?? '')?.[1];
}

function parseFormat(name: string): Format {
  if (isFormat(name)) return name;
  throw new AppError('not-found', `there are the documents ${FORMATS.join(', ')}, and no ${JSON.stringify(name)}`);
}

function endsOf(request: FastifyRequest): Ends {
  return {
    ...{ remote: request.ip, local: request.socket.localAddress ?? '' },
    agent: request.headers['user-agent'],
  };
}

function send(reply: FastifyReply, { status, body, retryAfterSeconds }: Answer): FastifyReply {
  if (status === 503 && retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds));
  return reply
    .code(status)
    .header('content-type', 'text/plain; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(body);
}
