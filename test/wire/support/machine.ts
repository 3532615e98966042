import { expect } from 'vitest';
import type { Host } from '../../../src/lab/network.ts';
import { type Ended, runToEnd, type SiteLab } from './site-lab.ts';

/** Tells what it was given, one `name=value` a line, and takes the address as a system does. */
const UDHCPC_SCRIPT = `#!/bin/sh
[ "$1" = bound ] || exit 0
env
ip -4 address flush dev "$interface"
ip address add "$ip/$mask" broadcast + dev "$interface"
`;

export type DhcpOptions = {
  readonly vendorClass?: string;
  readonly send?: readonly string[];
  readonly ask?: readonly string[];
  /** DISCOVERs, a second apart, before it gives up. */
  readonly tries?: number;
};

export type Offer = Readonly<Record<string, string>>;

/** A machine without firmware: a host whose DHCP, TFTP and HTTP are done by real clients, in the order of a boot. */
export class SimMachine {
  readonly host: Host;
  readonly mac: string;
  readonly #lab: SiteLab;
  readonly #script: string;

  constructor(lab: SiteLab, host: Host, mac: string) {
    this.#lab = lab;
    this.host = host;
    this.mac = mac;
    this.#script = lab.write('udhcpc.sh', UDHCPC_SCRIPT, 0o755);
  }

  static async plugIn(lab: SiteLab, name: string, mac: string): Promise<SimMachine> {
    return new SimMachine(lab, await lab.host(name, { mac }), mac);
  }

  /** One DORA by udhcpc; the answer is what its script saw. Options as `-x` takes them, such as `0x5d:0007`. */
  async dhcp(options: DhcpOptions = {}): Promise<Offer> {
    const said = await this.host.exec([
      'udhcpc',
      ...['-i', 'eth0', '-n', '-q', '-f', '-t', String(options.tries ?? 20), '-T', '1', '-s', this.#script],
      ...(options.vendorClass === undefined ? [] : ['-V', options.vendorClass]),
      ...(options.send ?? []).flatMap((option) => ['-x', option]),
      ...(options.ask ?? []).flatMap((option) => ['-O', option]),
    ]);
    const pairs = said.split('\n').filter((line) => /^\w+=/.test(line));
    return Object.fromEntries(
      pairs.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
  }

  /** The body of an answer with status 200; anything else fails. */
  get(path: string): Promise<string> {
    return this.host.exec(['curl', '-sSf', '--max-time', '20', this.url(path)]);
  }

  curl(...args: string[]): Promise<Ended> {
    return runToEnd(this.host.argv('curl', '-sS', '--max-time', '20', ...args));
  }

  url(path: string): string {
    return path.startsWith('http') ? path : `http://${this.#lab.address}${path}`;
  }

  /** The address at which it may phone home, as the vendor-data tells it. */
  async phoneHomeUrl(): Promise<string> {
    const vendorData = await this.get(`/nocloud/${this.mac}/vendor-data`);
    const url = /url: ["']?(http\S+?phone-home)/.exec(vendorData)?.[1];
    expect(url, vendorData).toBeDefined();
    return url ?? '';
  }

  /** The HTTP status of one attempt to phone home; 0 if nobody answered. */
  async phoneHome(url: string): Promise<number> {
    const body = `hostname=sim&instance_id=sim&pub_key_ed25519=none`;
    const { out } = await this.curl('-o', '/dev/null', '-w', '%{http_code}', '--data', body, url);
    return Number(out);
  }
}
