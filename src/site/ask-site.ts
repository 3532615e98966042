import { createSocket } from 'node:dgram';
import { request } from 'node:http';
import type { Ipv4 } from '../kernel/ipv4.ts';
import { decodeTftp, ERROR_CODES, encodeTftp } from './tftp/codec/packet.ts';

/** Something that an answer may name to a machine, and where. */
export type Named =
  | { readonly by: 'http'; readonly address: Ipv4; readonly port: number; readonly path: string }
  | { readonly by: 'tftp'; readonly address: Ipv4; readonly port: number; readonly name: string };

const ANSWER_MS = 3_000;
/** More at once than the site lets one address fetch would only make it slow. */
const AT_ONCE = 4;

/** Asks a running site for each of them as a machine would, without taking the bytes; a sentence for each that is not there. */
export async function askForEach(all: readonly Named[]): Promise<readonly string[]> {
  const left = [...all];
  const problems: string[] = [];
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next; next = left.shift()) {
      const because = await (next.by === 'http' ? askHttp(next) : askTftp(next));
      if (because !== undefined) problems.push(`${describe(next)}: ${because}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return problems;
}

function describe(named: Named): string {
  return named.by === 'http'
    ? `http://${named.address}:${named.port}${named.path}`
    : `tftp://${named.address}/${named.name}`;
}

/** HEAD, as UEFI asks for a size: what has no length cannot be booted by HTTP. */
function askHttp({ address, port, path }: Extract<Named, { by: 'http' }>): Promise<string | undefined> {
  return new Promise((resolve) => {
    const ask = request({ host: address, port, path, method: 'HEAD', timeout: ANSWER_MS }, (response) => {
      response.resume();
      const hasLength = response.headers['content-length'] !== undefined;
      if (response.statusCode !== 200) resolve(`answered ${response.statusCode}`);
      else resolve(hasLength ? undefined : 'answered without a length');
    });
    ask.once('timeout', () => ask.destroy(new Error(`no answer within ${ANSWER_MS / 1_000} s`)));
    ask.once('error', (error) => resolve(error.message));
    ask.end();
  });
}

/** Asks for the size, and aborts as soon as there is any answer. */
function askTftp({ address, port, name }: Extract<Named, { by: 'tftp' }>): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const end = (because?: string): void => {
      clearTimeout(timer);
      socket.close();
      resolve(because);
    };
    const timer = setTimeout(() => end(`no answer within ${ANSWER_MS / 1_000} s`), ANSWER_MS);
    socket.once('error', (error) => end(error.message));
    socket.once('message', (bytes, from) => {
      const packet = decodeTftp(bytes);
      if (packet.ok && packet.value.kind === 'error') return end(packet.value.message);
      const abort = encodeTftp({ kind: 'error', code: ERROR_CODES.optionRefused, message: 'only asked' });
      socket.send(abort, from.port, from.address, () => end());
    });
    const options = [{ name: 'tsize', value: '0' }];
    socket.send(encodeTftp({ kind: 'rrq', filename: name, mode: 'octet', options }), port, address);
  });
}
