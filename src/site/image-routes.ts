import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../kernel/errors.ts';
import {
  IMAGE_COMMANDS,
  type ImageBody,
  type ImageCommand,
  type SiteImages,
  VERIFY_COMMAND,
} from '../wire/api/images.ts';

/** Where wanted images are shown, and steered. Each answer of a command is a sentence; rejects with an AppError. */
export interface ImageDesk {
  view(): SiteImages;
  carryOut(command: ImageCommand, image: string): Promise<string>;
  /** Has all that is stored read again; answers at once. */
  verify(): string;
}

/** `/api/v1/images`, for whoever may see the page; what is done with them, for the control socket alone. */
export function registerImageRoutes(
  app: FastifyInstance,
  desk: ImageDesk,
  assertTerminal: (request: FastifyRequest['raw']) => void,
): void {
  const onRequest = (request: FastifyRequest, _reply: FastifyReply, done: () => void): void => {
    assertTerminal(request.raw);
    done();
  };
  app.get('/api/v1/images', async () => desk.view());
  for (const command of IMAGE_COMMANDS)
    app.post(`/api/v1/images/${command}`, { onRequest }, async ({ body }) => ({
      sentence: await desk.carryOut(command, imageOf(body)),
    }));
  app.post(`/api/v1/images/${VERIFY_COMMAND}`, { onRequest }, async () => ({ sentence: desk.verify() }));
}

function imageOf(body: unknown): string {
  const { image } = (body ?? {}) as { readonly [key in keyof ImageBody]?: unknown };
  if (typeof image !== 'string' || image === '')
    throw new AppError('usage-invalid', `an image is named with {"image": "registry.example.com/pos/app:1.4"}`);
  return image;
}
