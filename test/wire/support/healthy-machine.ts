// A machine that boots again and again as it should, each time with all the retries and second looks that its system is
// known for. Clients are those of test/support/format-clients.ts. For each line `boot` on standard input it boots once, and
// writes `done`, or `failed` and why.
// Usage: healthy-machine.ts JSON-of-MachinePlan
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { createInterface } from 'node:readline';
import { credentials, Metadata } from '@grpc/grpc-js';
import { addressBytes, clientPacket, readAnswer, TYPES } from '../../../src/lab/clients/dhcp-packet.ts';
import { EventSinkServiceClient, MachineStatusEvent } from '../../../src/site/signals/gen/talos-events.ts';
import {
  anaconda,
  cloudInit,
  debianInstaller,
  ignition,
  type Outcome,
  type Reply,
  talosMetal,
  talosNocloud,
  type World,
} from '../../support/format-clients.ts';

export const KINDS = ['cloud-live', 'cloud', 'preseed', 'kickstart', 'ignition', 'talos', 'talos-seed'] as const;
export type Kind = (typeof KINDS)[number];
export type MachinePlan = { readonly kind: Kind; readonly mac: string; readonly site: string; readonly sink: number };

/** The user-data of a boot, and what an installed system is told. */
export const FRESH = '#cloud-config\nruncmd: []\n';
const NOTHING = '#cloud-config\n{}\n';

type DhcpOption = readonly [code: number, bytes: Uint8Array];

const text = (value: string): Uint8Array => Buffer.from(value, 'latin1');
const FIRMWARE: readonly DhcpOption[] = [
  [60, text('PXEClient:Arch:00007:UNDI:003016')],
  [93, Uint8Array.of(0, 7)],
  [94, Uint8Array.of(1, 3, 16)],
];
const IPXE: readonly DhcpOption[] = [
  ...FIRMWARE,
  [77, text('iPXE')],
  [175, Uint8Array.of(0xb1, 5, 1, 26, 0xf4, 16, 0, 0x13, 1, 1, 0x18, 1, 1)],
];
const OS: readonly DhcpOption[] = [[55, Uint8Array.of(1, 3, 6, 42)]];

class HealthyMachine {
  readonly #plan: MachinePlan;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 });
  readonly #socket = createSocket('udp4');
  readonly #world: World = { ask: (path, headers) => this.#get(path, headers), wait: async () => pause(5) };
  #xid = 1;
  #boots = 0;

  constructor(plan: MachinePlan) {
    this.#plan = plan;
  }

  async plugIn(): Promise<void> {
    ip('route', 'add', 'default', 'dev', 'eth0');
    this.#socket.bind(68, '0.0.0.0');
    await once(this.#socket, 'listening');
    this.#socket.setBroadcast(true);
  }

  async boot(): Promise<void> {
    this.#boots += 1;
    const script = await this.#powerOn('/assets/');
    for (const [path] of script.matchAll(/\/assets\/sha256\/[0-9a-f]{64}\/\S+/g)) await this.#get(path);
    await this.#lease(OS);
    await this.#ways[this.#plan.kind](script);
  }

  readonly #ways: Readonly<Record<Kind, (script: string) => Promise<void>>> = {
    'cloud-live': async (script) => {
      const seed = pathIn(script, 'ds=nocloud-net;s=');
      await this.#finish(await this.#cloudInit(seed, FRESH));
      await this.#cloudInit(seed, NOTHING);
    },
    cloud: async (script) => {
      const seed = pathIn(script, 'ds=nocloud-net;s=');
      const home = await this.#cloudInit(seed, FRESH);
      await this.#finish(home);
      // Its system kept the seed of its installer, and asks for it at every start.
      await this.#startDisk();
      await this.#cloudInit(seed, NOTHING);
      await this.#say(home.replace('phone-home', 'report'), { name: 'modules-final', event_type: 'finish' });
    },
    preseed: async (script) => {
      const path = pathIn(script, ' url=');
      for (const _ of this.#someTimesTwice()) this.#expect(await debianInstaller(this.#world, path));
      await this.#startDisk();
    },
    kickstart: async (script) => {
      const path = pathIn(script, 'inst.ks=');
      for (const _ of this.#someTimesTwice()) this.#expect(await anaconda(this.#world, path, [this.#plan.mac]));
      await this.#startDisk();
    },
    ignition: async (script) => {
      const path = pathIn(script, 'ignition.config.url=');
      for (const _ of this.#someTimesTwice()) this.#expect(await ignition(this.#world, path));
      await this.#finish(homeIn((await this.#get(`/nocloud/${this.#plan.mac}/vendor-data`)).body));
      this.#expect(await this.#again(path), 'broken');
    },
    talos: async (script) => {
      const path = pathIn(script, 'talos.config=');
      for (const _ of this.#someTimesTwice()) this.#expect(await talosMetal(this.#world, path, {}));
      // It goes over into its installed system without firmware.
      await this.#lease(OS);
      await this.#running();
      await this.#startDisk();
      await this.#running();
    },
    'talos-seed': async () => {
      const seed = `/nocloud/${this.#plan.mac}/`;
      // Two of its controllers ask at once.
      const both = await Promise.all([talosNocloud(this.#world, seed), talosNocloud(this.#world, seed)]);
      for (const one of both) this.#expect(one);
      await this.#running();
      await this.#startDisk();
      this.#expect(await talosNocloud(this.#world, seed), 'nothing-to-do');
      await this.#running();
    },
  };

  /** From the switch to the script; asks again as the script says while the site is not ready. */
  async #powerOn(wanted: string): Promise<string> {
    await this.#lease(FIRMWARE);
    await this.#lease(IPXE);
    await this.#get('/boot.ipxe');
    const path = `/boot/script?mac=${this.#plan.mac}&platform=efi&buildarch=x86_64&manufacturer=Dell&product=OptiPlex`;
    for (let tries = 0; tries < 200; tries++) {
      const { body } = await this.#get(path);
      if (body.includes(wanted)) return body;
      await pause(10);
    }
    throw new Error(`no script with ${wanted}: ${(await this.#get(path)).body}`);
  }

  async #startDisk(): Promise<void> {
    await this.#powerOn('exit 1');
    await this.#lease(OS);
  }

  /** Answers where it may phone home. */
  async #cloudInit(seed: string, userData: string): Promise<string> {
    for (const _ of this.#someTimesTwice()) {
      const outcome = await cloudInit(this.#world, seed);
      this.#expect(outcome, userData === NOTHING ? 'nothing-to-do' : 'configured');
      if (outcome.body !== userData) throw new Error(`user-data is ${outcome.body}`);
    }
    return homeIn((await this.#get(`${seed}vendor-data`)).body);
  }

  /** cloud-init reports, phones home, and then its last report comes late. */
  async #finish(home: string): Promise<void> {
    const report = home.replace('phone-home', 'report');
    await this.#say(report, { name: 'init-network', event_type: 'start', description: 'looking for its data' });
    await this.#say(report, { name: 'modules-config', event_type: 'finish', result: 'SUCCESS' });
    await this.#say(home, { hostname: 'healthy', instance_id: 'i' });
    await this.#say(report, { name: 'modules-final', event_type: 'finish', result: 'SUCCESS' });
  }

  /** A retry after all was done; Ignition itself never does this more than once. */
  async #again(path: string): Promise<Outcome> {
    const { status, body } = await this.#get(path);
    return { came: status === 200 ? 'configured' : 'broken', body, tries: 1, waitedMs: 0 };
  }

  async #running(): Promise<void> {
    const client = new EventSinkServiceClient(`${this.#plan.site}:${this.#plan.sink}`, credentials.createInsecure());
    const value = MachineStatusEvent.encode({ stage: 4, status: { ready: true } }).finish();
    const event = {
      id: `${process.pid}-${this.#xid++}`,
      data: { typeUrl: 'talos/runtime/machine.MachineStatusEvent', value },
    };
    await new Promise<void>((resolve, reject) => {
      const deadline = Date.now() + 5_000;
      client.publish(event, new Metadata(), { deadline }, (error) => (error ? reject(error) : resolve()));
    });
    client.close();
  }

  async #lease(options: readonly DhcpOption[]): Promise<void> {
    const offer = await this.#exchange(TYPES.discover, options, TYPES.offer);
    const chosen: readonly DhcpOption[] = [[50, addressBytes(offer.address)], [54, offer.server], ...options];
    const { address } = await this.#exchange(TYPES.request, chosen, TYPES.ack);
    if (this.#boots === 1) ip('address', 'replace', `${address}/24`, 'broadcast', '+', 'dev', 'eth0');
  }

  async #exchange(type: number, options: readonly DhcpOption[], wanted: number) {
    const xid = this.#xid++;
    const packet = clientPacket({ type, xid, mac: this.#plan.mac, options });
    const send = (): void => this.#socket.send(packet, 67, '255.255.255.255');
    const repeat = setInterval(send, 1_000);
    send();
    try {
      for (;;) {
        const [bytes] = (await once(this.#socket, 'message', { signal: AbortSignal.timeout(10_000) })) as [Buffer];
        const answer = readAnswer(bytes);
        // Answers are broadcast, and the machines beside it count alike.
        if (answer?.xid === xid && answer.mac === this.#plan.mac && answer.type === wanted) return answer;
      }
    } finally {
      clearInterval(repeat);
    }
  }

  #get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
    return this.#ask('GET', path, headers);
  }

  async #say(path: string, body: object): Promise<void> {
    const { status } = await this.#ask('POST', path, {}, JSON.stringify(body));
    if (status !== 200) throw new Error(`${path} answered ${status}`);
  }

  #ask(method: string, path: string, headers: Readonly<Record<string, string>>, body?: string): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const options = { host: this.#plan.site, path, method, headers, agent: this.#agent, timeout: 10_000 };
      const ask = request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const retryAfterSeconds = Number(response.headers['retry-after'] ?? 0);
          resolve({
            status: response.statusCode ?? 0,
            body: Buffer.concat(chunks).toString('utf8'),
            retryAfterSeconds,
          });
        });
      });
      ask.on('timeout', () => ask.destroy(new Error(`${path}: no answer within 10 s`)));
      ask.on('error', reject);
      ask.end(body);
    });
  }

  /** Every fifth boot something broke on the way, and its client begins anew. */
  #someTimesTwice(): readonly number[] {
    return this.#boots % 5 === 0 ? [1, 2] : [1];
  }

  #expect(outcome: Outcome, came: Outcome['came'] = 'configured'): void {
    if (outcome.came !== came) throw new Error(`came to ${outcome.came} and not ${came}: ${JSON.stringify(outcome)}`);
  }
}

function pathIn(script: string, before: string): string {
  const start = script.indexOf(before) + before.length;
  const found = /^http:\/\/[^/\s]+(\/\S*)/.exec(script.slice(start))?.[1];
  if (found === undefined) throw new Error(`no ${before} in ${script}`);
  return found;
}

function homeIn(vendorData: string): string {
  const found = /url: ["']?http:\/\/[^/\s]+(\/\S+?phone-home)/.exec(vendorData)?.[1];
  if (found === undefined) throw new Error(`no address to phone home in ${vendorData}`);
  return found;
}

function ip(...args: string[]): void {
  execFileSync('ip', args);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function main(plan: MachinePlan): Promise<void> {
  const machine = new HealthyMachine(plan);
  await machine.plugIn();
  for await (const line of createInterface({ input: process.stdin })) {
    if (line !== 'boot') continue;
    const said = await machine.boot().then(
      () => 'done',
      (error: unknown) => `failed: ${String(error)}`,
    );
    console.log(said.replaceAll('\n', ' '));
  }
}

if (process.argv[2] !== undefined && import.meta.main)
  await main(JSON.parse(process.argv[2]) as MachinePlan).then(() => process.exit(0));
