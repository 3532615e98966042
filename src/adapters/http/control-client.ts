import { request } from 'node:http';
import { AppError, ERRORS, type ErrorCode } from '../../kernel/errors.ts';

/** Where `slipway site` listens for commands when nobody says otherwise. */
export function defaultSocket(env: NodeJS.ProcessEnv = process.env): string {
  return env['SLIPWAY_SOCKET'] ?? `${env['RUNTIME_DIRECTORY'] ?? '/run/slipway'}/control.sock`;
}

/**
 * Asks the running site for a JSON document of `/api/v1`.
 * @throws AppError the site's own error, or `site-unreachable`
 */
export async function askSite<T>(socketPath: string, path: string): Promise<T> {
  const { status, body } = await get(socketPath, path);
  if (status === 200) return parseAnswer<T>(body, path);
  throw siteError(status, body);
}

/**
 * Tells the running site a command of `/api/v1`, with `body` as JSON.
 * @throws AppError the site's own error, or `site-unreachable`
 */
export async function tellSite<T>(socketPath: string, path: string, body: unknown): Promise<T> {
  const answer = await send(socketPath, path, JSON.stringify(body));
  if (answer.status === 200) return parseAnswer<T>(answer.body, path);
  throw siteError(answer.status, answer.body);
}

/**
 * Calls `onEvent` with each event of the site from now on; resolves when the site ends the stream.
 * @throws AppError `site-unreachable`, also when the site dies
 */
export function followSite(socketPath: string, path: string, onEvent: (event: unknown) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const ask = request({ socketPath, path, headers: { accept: 'text/event-stream' } }, (response) => {
      let rest = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        const blocks = (rest + chunk).split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) emitBlock(block, onEvent);
      });
      response.on('end', resolve);
      response.on('error', (cause) => {
        reject(new AppError('site-unreachable', `${socketPath}: the site ended`, { cause }));
      });
    });
    ask.on('error', (cause) => reject(unreachable(socketPath, cause)));
    ask.end();
  });
}

function emitBlock(block: string, onEvent: (event: unknown) => void): void {
  const data = block.split('\n').filter((line) => line.startsWith('data: '));
  if (data.length > 0) onEvent(JSON.parse(data.map((line) => line.slice(6)).join('\n')));
}

function get(socketPath: string, path: string): Promise<{ status: number; body: string }> {
  return send(socketPath, path);
}

function send(socketPath: string, path: string, json?: string): Promise<{ status: number; body: string }> {
  const accept = { accept: 'application/json' };
  const how =
    json === undefined
      ? { headers: accept }
      : { method: 'POST', headers: { ...accept, 'content-type': 'application/json' } };
  return new Promise((resolve, reject) => {
    const ask = request({ socketPath, path, ...how, timeout: 15_000 }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', (cause) => reject(unreachable(socketPath, cause)));
    });
    ask.on('timeout', () => ask.destroy(new Error('no answer within 15 s')));
    ask.on('error', (cause) => reject(unreachable(socketPath, cause)));
    ask.end(json);
  });
}

/** Why nothing answers at the socket. */
export function unreachable(socketPath: string, cause: Error): AppError {
  const denied = (cause as NodeJS.ErrnoException).code === 'EACCES';
  return new AppError(denied ? 'permission-denied' : 'site-unreachable', `${socketPath}: ${cause.message}`, { cause });
}

/** @throws AppError `site-unreachable` for what is no JSON */
export function parseAnswer<T>(body: string, path: string): T {
  try {
    return JSON.parse(body) as T;
  } catch (cause) {
    throw new AppError('site-unreachable', `what answers at the socket is not a Slipway site (${path})`, { cause });
  }
}

/** The site's error with its own code; an answer of an unknown shape keeps its status in the message. */
export function siteError(status: number, body: string): AppError {
  try {
    const { error } = JSON.parse(body) as { error: { code: string; message: string } };
    if (error.code in ERRORS) return new AppError(error.code as ErrorCode, error.message);
  } catch {
    // Not our JSON: said below.
  }
  return new AppError('site-unreachable', `the site answered with HTTP ${status}`);
}
