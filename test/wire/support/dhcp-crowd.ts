// Many DHCP clients in one process, on one card: each asks for an address, says so, and after a while asks again, for
// ever. Writes `ack MAC ADDRESS MILLISECONDS` or `nak MAC` for each answer; the time is that since its first packet.
// Usage: dhcp-crowd.ts JSON-of-CrowdPlan
import { createSocket } from 'node:dgram';
import {
  addressBytes,
  clientPacket,
  readAnswer,
  type ServerMessage,
  seededRandom,
  TYPES,
} from '../../../src/lab/clients/dhcp-packet.ts';
import type { CrowdPlan } from './crowd.ts';

const plan = JSON.parse(process.argv[2] ?? '{}') as CrowdPlan;
const random = seededRandom(plan.seed);
const socket = createSocket('udp4');

class Client {
  readonly mac: string;
  #xid = 0;
  #waitsFor: number = TYPES.offer;
  #address: string | undefined;
  #startedAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(mac: string) {
    this.mac = mac;
  }

  /** A new turn: now and then as a system that remembers its address (INIT-REBOOT), else from the beginning. */
  begin(): void {
    this.#startedAt = performance.now();
    if (this.#address !== undefined && random() < 0.4) this.#request([[50, addressBytes(this.#address)]]);
    else this.#discover();
  }

  hear(answer: ServerMessage): void {
    if (answer.xid !== this.#xid) return;
    if (answer.type === TYPES.nak) {
      console.log(`nak ${this.mac}`);
      this.#discover();
    } else if (answer.type === this.#waitsFor) {
      if (answer.type === TYPES.offer)
        this.#request([
          [50, addressBytes(answer.address)],
          [54, answer.server],
        ]);
      else this.#bound(answer.address);
    }
  }

  #discover(): void {
    this.#waitsFor = TYPES.offer;
    this.#send(TYPES.discover, []);
  }

  #request(options: readonly (readonly [number, Uint8Array])[]): void {
    this.#waitsFor = TYPES.ack;
    this.#send(TYPES.request, options);
  }

  #send(type: number, options: readonly (readonly [number, Uint8Array])[]): void {
    this.#xid = Math.floor(random() * 2 ** 32);
    socket.send(clientPacket({ type, xid: this.#xid, mac: this.mac, options }), 67, '255.255.255.255');
    this.#later(plan.retryMs, () => this.#discover());
  }

  #bound(address: string): void {
    console.log(`ack ${this.mac} ${address} ${Math.round(performance.now() - this.#startedAt)}`);
    this.#address = address;
    this.#xid = 0;
    this.#later(plan.pauseMs * (0.5 + random()), () => this.begin());
  }

  #later(delayMs: number, run: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(run, delayMs);
  }
}

const clients = new Map(plan.macs.map((mac) => [mac, new Client(mac)]));
socket.on('message', (bytes) => {
  const answer = readAnswer(bytes);
  if (answer) clients.get(answer.mac)?.hear(answer);
});
socket.bind(68, '0.0.0.0', () => {
  socket.setBroadcast(true);
  for (const client of clients.values()) setTimeout(() => client.begin(), random() * plan.pauseMs);
});
