import { spawnSync } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { AppError } from '../../kernel/errors.ts';
import { formatSubnet, type Ipv4, isInSubnet, parseIpv4, type Subnet } from '../../kernel/ipv4.ts';
import { type MacAddress, parseMac } from '../../kernel/mac.ts';

/** A network interface with its IPv4 addresses. */
export type NetworkDevice = {
  readonly name: string;
  readonly mac?: MacAddress;
  /** Whether a cable is plugged in and the other end is on; undefined: not known. */
  readonly hasCarrier?: boolean;
  readonly addresses: readonly { readonly address: Ipv4; readonly prefix: number }[];
};

/** Where the list of devices comes from; tests answer from tables. */
export type DeviceSource = () => readonly NetworkDevice[];

/**
 * All devices of this network namespace, as the program `ip` tells them. Node's own list leaves out a device whose
 * cable is unplugged, and a site must start before the first node is switched on; it serves where there is no `ip`.
 */
export const systemDevices: DeviceSource = () => {
  const { stdout, status } = spawnSync('ip', ['-json', 'address', 'show'], { encoding: 'utf8', timeout: 5_000 });
  return status === 0 ? parseIpJson(stdout) : listedByNode();
};

/** Whether a device has this address. A device without a link may be left out, and is then said to have none. */
export function hasAddress(name: string, address: Ipv4): boolean {
  return networkInterfaces()[name]?.some((one) => one.address === address) ?? false;
}

/**
 * Whether a device is up, the other end of its cable is, too, and it has an address. Not by /sys, which may be that of
 * another network namespace: Node leaves out devices without a link.
 */
export function hasLink(name: string): boolean {
  return networkInterfaces()[name] !== undefined;
}

/** What `ip -json address show` wrote. */
export function parseIpJson(text: string): readonly NetworkDevice[] {
  return (JSON.parse(text) as readonly IpDevice[]).map((device) => ({
    name: device.ifname,
    ...macOf(device.address),
    ...(device.flags ? { hasCarrier: device.flags.includes('LOWER_UP') } : {}),
    addresses: (device.addr_info ?? []).flatMap(({ family, local = '', prefixlen = 32 }) => {
      const address = family === 'inet' ? parseIpv4(local) : undefined;
      return address ? [{ address, prefix: prefixlen }] : [];
    }),
  }));
}

type IpDevice = {
  readonly ifname: string;
  readonly address?: string;
  readonly flags?: readonly string[];
  readonly addr_info?: readonly { readonly family?: string; readonly local?: string; readonly prefixlen?: number }[];
};

/**
 * The address that device `name` has in `subnet`.
 * @throws AppError `interface-missing`, or `interface-without-address` with what the device has instead
 */
export function findAddress(name: string, subnet: Subnet, source: DeviceSource = systemDevices): Ipv4 {
  const devices = source();
  const device = devices.find((candidate) => candidate.name === name);
  if (!device) throw missing(name, devices);
  const found = device.addresses.find(({ address }) => isInSubnet(address, subnet));
  if (!found) throw withoutAddress(device, subnet);
  return found.address;
}

function missing(name: string, devices: readonly NetworkDevice[]): AppError {
  const others = devices.map((device) => device.name).join(', ');
  return new AppError('interface-missing', `there is no network interface ${name}; there are ${others || 'none'}`);
}

function withoutAddress({ name, addresses, hasCarrier }: NetworkDevice, subnet: Subnet): AppError {
  const has = addresses.map(({ address, prefix }) => `${address}/${prefix}`).join(', ');
  const unplugged = hasCarrier === false ? '; no cable is plugged in, or the other end is off' : '';
  const state = has ? `it has ${has}` : `it has no IPv4 address${unplugged}`;
  return new AppError('interface-without-address', `${name} has no address in ${formatSubnet(subnet)}: ${state}`);
}

function listedByNode(): readonly NetworkDevice[] {
  return Object.entries(networkInterfaces()).map(([name, infos = []]) => ({
    name,
    ...macOf(infos[0]?.mac),
    addresses: infos.flatMap((info) => {
      const address = info.family === 'IPv4' ? parseIpv4(info.address) : undefined;
      return address ? [{ address, prefix: Number(info.cidr?.split('/')[1] ?? 32) }] : [];
    }),
  }));
}

function macOf(text: string | undefined): { readonly mac?: MacAddress } {
  const mac = parseMac(text ?? '');
  return mac ? { mac } : {};
}
