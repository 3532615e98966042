import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../kernel/errors.ts';
import { PAGE_CACHING, PAGE_POLICY, type PageFile, pageFileType } from '../../model/page-file.ts';
import { httpBase } from '../../model/site-ports.ts';
import { type Door, refuseElsewhere, sendSentence } from './door.ts';
import { whyForeign } from './policy/origin.ts';

/** `GET /` is the page; `/page/<name>` are its files, whose names have their digest, so that they can be kept for ever. */
export function registerPageRoutes(
  app: FastifyInstance,
  { door, files }: { readonly door: Door; readonly files: () => Promise<readonly PageFile[]> },
): void {
  const find = async (name: string): Promise<PageFile | undefined> =>
    (await files()).find((file) => file.name === name);
  app.get('/', async (request, reply) => {
    const refusal = whyNotHere(request, door);
    if (refusal) return sendSentence(reply, refusal.status, refusal.message);
    const page = await find('index.html').catch((thrown: unknown) => AppError.from(thrown));
    if (page instanceof AppError || !page) return sendSentence(reply, 503, page?.message ?? 'the page is missing');
    return send(reply, page, PAGE_CACHING.page);
  });
  app.get<{ Params: { name: string } }>('/page/:name', async (request, reply) => {
    const refusal = whyNotHere(request, door);
    if (refusal) throw refusal;
    const file = request.params.name === 'index.html' ? undefined : await find(request.params.name);
    if (!file) throw new AppError('not-found', 'the page has no such file: load it again');
    return send(reply, file, PAGE_CACHING.file);
  });
}

function whyNotHere(request: FastifyRequest, door: Door): AppError | undefined {
  try {
    refuseElsewhere(request, door);
  } catch (thrown) {
    return AppError.from(thrown);
  }
  const { host, origin } = request.headers;
  const foreign = door.isControl(request.raw) ? undefined : whyForeign({ host, origin }, door.shownAt());
  // No alarm: a person may well try a name for the address that a colleague gave.
  const where = door.shownAt().map(httpBase).join(' or ');
  return foreign === undefined ? undefined : new AppError('foreign-request', `${foreign}. Open ${where}`);
}

function send(reply: FastifyReply, { name, body }: PageFile, cacheControl: string): FastifyReply {
  return reply
    .headers({ 'content-security-policy': PAGE_POLICY, 'cache-control': cacheControl })
    .type(pageFileType(name))
    .send(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
}
