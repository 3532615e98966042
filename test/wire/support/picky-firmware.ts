// Firmware for x64 that takes one form of answer only, or none. Asks again and again, and prints a line for each form in
// which it is answered, in turn; then, once it took one, its address and file.
// Usage: picky-firmware.ts MAC TAKES GAP-MS MOST-MS
import { createSocket } from 'node:dgram';
import {
  addressBytes,
  clientPacket,
  readAnswer,
  type ServerMessage,
  TYPES,
} from '../../../src/lab/clients/dhcp-packet.ts';

const [mac = '', takes = '', gapMs = '', mostMs = ''] = process.argv.slice(2);
const text = (value: string): Uint8Array => Uint8Array.from(value, (letter) => letter.charCodeAt(0));
const options = [
  [55, Uint8Array.of(1, 3, 43, 54, 60, 66, 67)],
  [60, text('PXEClient:Arch:00007:UNDI:003016')],
  [93, Uint8Array.of(0, 7)],
] as const;
const xid = 0x51177b;
const socket = createSocket({ type: 'udp4', reuseAddr: true });
let last = '';

socket.on('message', (bytes) => {
  const answer = readAnswer(bytes);
  if (answer?.xid !== xid || answer.mac !== mac) return;
  if (answer.type === TYPES.ack) end(`ack ${answer.address} ${answer.file}`);
  if (answer.type !== TYPES.offer) return;
  const form = formOf(answer);
  if (form !== last) console.log(form);
  last = form;
  if (form !== takes) return;
  // Beside another server there is no address to take: what matters is which form it took.
  if (answer.address === '0.0.0.0') end(`took ${answer.file}`);
  const chosen = [[50, addressBytes(answer.address)] as const, [54, answer.server] as const];
  send(clientPacket({ type: TYPES.request, xid, mac, options: [...options, ...chosen] }));
});

socket.bind(68, '0.0.0.0', () => {
  socket.setBroadcast(true);
  const ask = (): void => send(clientPacket({ type: TYPES.discover, xid, mac, options }));
  ask();
  setInterval(ask, Number(gapMs));
  setTimeout(() => end('gave up'), Number(mostMs));
});

function formOf({ options: given }: ServerMessage): string {
  if (!given.has(60)) return 'file';
  return given.has(43) ? 'no-menu' : 'ask-boot-server';
}

function send(bytes: Buffer): void {
  socket.send(bytes, 67, '255.255.255.255', (error) => {
    if (error) throw error;
  });
}

function end(line: string): never {
  console.log(line);
  process.exit(0);
}
