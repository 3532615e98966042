// Asks as a machine does and takes nothing: prints who offers what within a moment, a line each.
// Usage: who-offers.ts MAC
import { createSocket } from 'node:dgram';
import { clientPacket, readAnswer, TYPES } from '../../../src/lab/clients/dhcp-packet.ts';

const mac = process.argv[2] ?? '';
const offers = new Set<string>();
const socket = createSocket('udp4');
socket.on('message', (bytes) => {
  const answer = readAnswer(bytes);
  if (answer?.type === TYPES.offer && answer.mac === mac) offers.add(`${answer.server.join('.')} ${answer.address}`);
});
socket.bind(68, '0.0.0.0', () => {
  socket.setBroadcast(true);
  const ask = (): void =>
    socket.send(clientPacket({ type: TYPES.discover, xid: 0x51177a, mac }), 67, '255.255.255.255');
  ask();
  setTimeout(ask, 300);
  setTimeout(() => {
    console.log([...offers].sort().join('\n'));
    socket.close();
  }, 1_000);
});
