import type { FastifyInstance, FastifyReply } from 'fastify';
import { AppError } from '../../kernel/errors.ts';
import { PAGE_CACHING, PAGE_POLICY, type PageFile, pageFileType } from '../../model/page-file.ts';

/**
 * `GET /` is the page of the fleet, `/page/<name>` are its files. Whoever comes to the port may have them, under any name and from
 * any link: they say nothing of the fleet. What they show needs a token, and is behind the door of the API.
 */
export function registerFleetPage(app: FastifyInstance, files: () => Promise<readonly PageFile[]>): void {
  const find = async (name: string): Promise<PageFile> => {
    const file = (await files()).find((one) => one.name === name);
    if (!file) throw new AppError('not-found', 'the page has no such file: load it again');
    return file;
  };
  app.get('/', async (_request, reply) => {
    try {
      return send(reply, await find('index.html'), PAGE_CACHING.page);
    } catch (thrown) {
      const { status, message } = AppError.from(thrown);
      return reply.code(status).type('text/plain; charset=utf-8').send(`${message}\n`);
    }
  });
  app.get<{ Params: { name: string } }>('/page/:name', async ({ params: { name } }, reply) =>
    send(reply, await find(name === 'index.html' ? '' : name), PAGE_CACHING.file),
  );
}

function send(reply: FastifyReply, { name, body }: PageFile, cacheControl: string): FastifyReply {
  return reply
    .headers({ 'content-security-policy': PAGE_POLICY, 'cache-control': cacheControl })
    .type(pageFileType(name))
    .send(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
}
