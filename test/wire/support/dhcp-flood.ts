// Sends DISCOVERs, each from another random MAC, and counts the offers.
// Usage: dhcp-flood.ts COUNT SEED
import { createSocket } from 'node:dgram';
import { clientPacket, readAnswer, seededRandom, TYPES } from '../../../src/lab/clients/dhcp-packet.ts';

const AT_ONCE = 25;
const count = Number(process.argv[2]);
const random = seededRandom(Number(process.argv[3]));
const socket = createSocket('udp4');
let offers = 0;
socket.on('message', (bytes) => {
  if (readAnswer(bytes)?.type === TYPES.offer) offers += 1;
});
socket.bind(68, '0.0.0.0', async () => {
  socket.setBroadcast(true);
  for (let sent = 0; sent < count; sent += AT_ONCE) {
    for (let i = 0; i < AT_ONCE; i++) socket.send(discover(), 67, '255.255.255.255');
    // Faster than any store, and slow enough that the receiver's buffer does not decide what is tested.
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await new Promise((resolve) => setTimeout(resolve, 300));
  console.log(`sent ${count}, offers ${offers}`);
  socket.close();
});

function discover(): Buffer {
  const tail = Array.from({ length: 4 }, () =>
    Math.floor(random() * 256)
      .toString(16)
      .padStart(2, '0'),
  );
  return clientPacket({
    type: TYPES.discover,
    xid: Math.floor(random() * 2 ** 32),
    mac: ['02', '5d', ...tail].join(':'),
  });
}
