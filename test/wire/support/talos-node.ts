// Speaks as a Talos machine does, from its own network: kernel log lines, or events by gRPC.
// Usage: talos-node.ts tcp|udp HOST PORT LINE...        each line as it is; over TCP the connection ends after the last one
//        talos-node.ts hold HOST PORT COUNT             so many TCP connections at once; prints how many are left open
//        talos-node.ts events HOST PORT JSON...         [id, type, fields]; prints `ok` or the code of each answer
import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { credentials, Metadata } from '@grpc/grpc-js';
import * as talos from '../../../src/site/signals/gen/talos-events.ts';

const [mode = '', host = '', portText = '', ...things] = process.argv.slice(2);
const port = Number(portText);

const modes: Readonly<Record<string, () => Promise<void>>> = { tcp, udp, hold, events };
await modes[mode]?.();

async function tcp(): Promise<void> {
  const socket = connect(port, host);
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  // In two pieces, as networks do.
  const text = things.map((line) => `${line}\n`).join('');
  socket.write(text.slice(0, 20));
  await pause(50);
  socket.end(text.slice(20));
  await closed;
}

async function udp(): Promise<void> {
  const socket = createSocket('udp4');
  for (const line of things) await new Promise<void>((sent) => socket.send(line, port, host, () => sent()));
  socket.close();
}

async function hold(): Promise<void> {
  const sockets: Socket[] = [];
  for (let i = 0; i < Number(things[0]); i++) {
    const socket = connect(port, host);
    socket.on('error', () => undefined);
    socket.resume();
    await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
    sockets.push(socket);
  }
  await pause(500);
  console.log(sockets.filter((socket) => !socket.destroyed && !socket.readableEnded).length);
  for (const socket of sockets) socket.destroy();
}

async function events(): Promise<void> {
  const client = new talos.EventSinkServiceClient(`${host}:${port}`, credentials.createInsecure());
  for (const thing of things) {
    const [id, type, fields] = JSON.parse(thing) as [string, string, object];
    const codec = (talos as unknown as Record<string, talos.MessageFns<object>>)[type];
    const value = codec ? codec.encode(fields).finish() : Buffer.from(String(fields));
    const data = { typeUrl: `talos/runtime/machine.${type}`, value };
    const said = await new Promise<string>((answer) => {
      const deadline = Date.now() + 5_000;
      client.publish({ id, data }, new Metadata(), { deadline }, (error) => answer(error ? String(error.code) : 'ok'));
    });
    console.log(said);
  }
  client.close();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
