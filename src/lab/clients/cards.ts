import { spawn } from 'node:child_process';
import { access, writeFile } from 'node:fs/promises';
import { AppError } from '../../kernel/errors.ts';
import { type Ipv4, ipv4FromNumber, ipv4ToNumber, netmask } from '../../kernel/ipv4.ts';
import type { MacAddress } from '../../kernel/mac.ts';
import { cannotStart, run, toolEnvironment } from '../command.ts';
import { BROADCAST_DEVICE } from './own-namespace.ts';

/** So many address changes wait for each other at most before one `ip` makes them all. */
const GATHER_MS = 5;
const FIRST_TABLE = 10_000;

type Job = { readonly lines: readonly string[]; readonly done: PromiseWithResolvers<void> };

/**
 * A network card for each client on one device: a macvlan with the client's MAC, so that the site sees in its neighbour
 * table what it would see of real machines. All are in the network namespace of this process, which should be one of its
 * own: settings of ARP and routes to all addresses are changed.
 */
export class Cards {
  readonly #given = new Map<number, string>();
  #jobs: Job[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** @throws AppError `lab-failed` with what `ip` said: no right to make devices, or no such device */
  static async create(device: string, macs: readonly MacAddress[]): Promise<Cards> {
    const broadcastDevice = await access(`/proc/sys/net/ipv4/conf/${BROADCAST_DEVICE}`).then(
      () => BROADCAST_DEVICE,
      () => device,
    );
    // A card answers only for its own address, and takes packets although others could be the way back.
    for (const [setting, value] of [
      ['arp_ignore', '1'],
      ['rp_filter', '0'],
    ] as const)
      for (const scope of ['all', 'default', device])
        await writeFile(`/proc/sys/net/ipv4/conf/${scope}/${setting}`, value);
    const lines = macs.flatMap((mac, i) => [
      `link add link ${device} name ${cardName(i)} address ${mac} type macvlan mode bridge`,
      `link set ${cardName(i)} up`,
    ]);
    await batch([...lines, `route replace 255.255.255.255/32 dev ${broadcastDevice}`]);
    // Where there is no device for broadcasts, each comes in on every card too, where it costs time only.
    const drop = ['-i', 'slc+', '-d', '255.255.255.255', '-p', 'udp', '--dport', '68', '-j', 'DROP'];
    await run(['iptables', '-t', 'raw', '-A', 'PREROUTING', ...drop]).catch(() => undefined);
    return new Cards();
  }

  /** Gives a card its address; from then on, what is sent from that address leaves by that card. */
  async give(index: number, address: Ipv4, prefix: number, router: string | undefined): Promise<void> {
    if (this.#given.get(index) === address) return;
    const card = cardName(index);
    const table = FIRST_TABLE + index;
    const mask = ipv4ToNumber(netmask({ network: address, prefix }));
    const network = ipv4FromNumber((ipv4ToNumber(address) & mask) >>> 0);
    const old = this.#given.get(index);
    this.#given.set(index, address);
    await this.#change([
      ...(old === undefined
        ? []
        : [`rule del from ${old} lookup ${table}`, `route flush table ${table}`, `address flush dev ${card}`]),
      `address add ${address}/32 dev ${card}`,
      `route replace ${network}/${prefix} dev ${card} table ${table}`,
      ...(router === undefined ? [] : [`route replace default via ${router} dev ${card} table ${table}`]),
      `rule add from ${address} lookup ${table}`,
    ]);
  }

  #change(lines: readonly string[]): Promise<void> {
    const done = Promise.withResolvers<void>();
    this.#jobs.push({ lines, done });
    this.#timer ??= setTimeout(() => void this.#flush(), GATHER_MS);
    return done.promise;
  }

  async #flush(): Promise<void> {
    const jobs = this.#jobs;
    this.#jobs = [];
    try {
      await batch(jobs.flatMap(({ lines }) => lines));
      for (const { done } of jobs) done.resolve();
    } catch (error) {
      for (const { done } of jobs) done.reject(error);
    } finally {
      this.#timer = this.#jobs.length > 0 ? setTimeout(() => void this.#flush(), GATHER_MS) : undefined;
    }
  }

  /** Takes all cards away. */
  async remove(count: number): Promise<void> {
    clearTimeout(this.#timer);
    const rules = [...this.#given].map(([index, address]) => `rule del from ${address} lookup ${FIRST_TABLE + index}`);
    await batch([...rules, ...Array.from({ length: count }, (_, i) => `link del ${cardName(i)}`)]);
  }
}

function cardName(index: number): string {
  return `slc${index}`;
}

/** Runs lines of `ip` in one process, in their order; the first that fails ends them. */
async function batch(lines: readonly string[]): Promise<void> {
  const child = spawn('ip', ['-batch', '-'], { stdio: ['pipe', 'ignore', 'pipe'], env: toolEnvironment() });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await new Promise<void>((resolve, reject) => {
    child.once('error', (cause) => reject(cannotStart(['ip'], cause)));
    child.once('close', (status) => {
      if (status === 0) resolve();
      else reject(new AppError('lab-failed', `ip -batch ended with status ${status}: ${said.trim()}`));
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(`${lines.join('\n')}\n`);
  });
}
