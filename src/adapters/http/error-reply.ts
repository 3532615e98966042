import type { Duplex } from 'node:stream';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { AppError, ERRORS } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/ports.ts';
import { redactPath } from './access-log.ts';

/** When a client that met weather should come again. */
const RETRY_AFTER_SECONDS = 5;

type Failure = {
  readonly error: unknown;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly log: Log;
};

/** Answers a failed request: the status of its error, and `{ error: { code, message, help } }`. A bug of ours keeps its details in the log. */
export function sendError({ error, request, reply, log }: Failure): FastifyReply {
  const known = explain(error);
  const status = statusOf(error, known);
  const fields = { method: request.method, path: redactPath(request.url), remote: request.ip, code: known.code };
  if (known.family === 'ours') log.error({ ...fields, error }, 'a request failed through a bug');
  else log[status >= 500 ? 'warn' : 'info']({ ...fields, status }, known.message);
  if (status === 503) reply.header('retry-after', RETRY_AFTER_SECONDS);
  const message = known.family === 'ours' ? ERRORS.internal.meaning : known.message;
  return reply.code(status).send({ error: { code: known.code, message, help: known.help } });
}

/** Answers bytes that are not HTTP, or not all of a request, and hangs up. */
export function refuseMalformed(error: Error & { code?: string }, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify({ error: { code: 'usage-invalid', ...describeMalformed(error.code) } });
  socket.end(
    `HTTP/1.1 ${statusLine(error.code)}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}

/** What fastify itself refuses (a body that is too large or no JSON) in the words of the registry. */
function explain(error: unknown): AppError {
  const status = ownStatus(error);
  if (error instanceof AppError || !status) return AppError.from(error);
  return new AppError(status === 413 ? 'body-too-large' : 'usage-invalid', (error as Error).message, { cause: error });
}

function statusOf(error: unknown, known: AppError): number {
  return error instanceof AppError ? known.status : (ownStatus(error) ?? known.status);
}

/** The 4xx that fastify gave its error. */
function ownStatus(error: unknown): number | undefined {
  const status = error instanceof Error ? (error as Partial<FastifyError>).statusCode : undefined;
  return status !== undefined && status >= 400 && status < 500 ? status : undefined;
}

function statusLine(code: string | undefined): string {
  if (code === 'HPE_HEADER_OVERFLOW') return '431 Request Header Fields Too Large';
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request';
}

function describeMalformed(code: string | undefined): { message: string; help: string } {
  const slow = code === 'ERR_HTTP_REQUEST_TIMEOUT';
  return {
    message: slow ? 'the request did not come to its end in time' : 'this is not a well-formed HTTP request',
    help: ERRORS['usage-invalid'].help,
  };
}
