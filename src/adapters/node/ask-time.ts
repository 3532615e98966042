import { createSocket } from 'node:dgram';
import type { Ipv4 } from '../../kernel/ipv4.ts';

const NTP_PORT = 123;
const HEADER_BYTES = 48;
/** No leap warning, version 4, mode 3: a client asks (RFC 5905 section 7.3). */
const CLIENT_ASKS = 0x23;
const SERVER_MODE = 4;
const UNSYNCHRONISED_STRATUM = 16;

/** Whether an NTP server at `address` answers within `withinMs` and knows the time itself (a stratum of 1 to 15). */
export function answersTime(address: Ipv4, withinMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const end = (answer: boolean) => {
      clearTimeout(timer);
      socket.removeAllListeners('message');
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(() => end(false), withinMs);
    socket.once('error', () => end(false));
    socket.once('message', (bytes) => end(isTime(bytes)));
    // Connected, so that a closed port is an error at once and nobody else can answer.
    socket.connect(NTP_PORT, address, () => {
      const request = Buffer.alloc(HEADER_BYTES);
      request.writeUInt8(CLIENT_ASKS, 0);
      socket.send(request);
    });
  });
}

function isTime(bytes: Uint8Array): boolean {
  const [flags = 0, stratum = 0] = bytes;
  return bytes.length >= HEADER_BYTES && (flags & 7) === SERVER_MODE && stratum > 0 && stratum < UNSYNCHRONISED_STRATUM;
}
