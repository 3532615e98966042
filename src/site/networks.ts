import { type DeviceSource, findAddress, systemDevices } from '../adapters/node/interfaces.ts';
import { AppError } from '../kernel/errors.ts';
import type { Revision } from '../model/revision.ts';
import type { SiteAddress } from '../model/site-ports.ts';

/** Which device carries which network, from the site file. */
export type Devices = Readonly<Record<string, string>>;

export type SitePorts = { readonly http: number; readonly registry: number };

/**
 * Where the site stands in each network of a revision that has a device, and in those behind a relay of one that has.
 * @throws AppError `interface-missing`, `interface-without-address`, or `config-invalid` if no network has a device
 */
export function siteAddresses(revision: Revision, devices: Devices, ports: SitePorts): readonly SiteAddress[] {
  const served = Object.values(revision.networks).filter((network) => devices[network.name] !== undefined);
  const relayed = served.find(({ via }) => via !== undefined);
  if (relayed) {
    const { name, via } = relayed;
    throw new AppError(
      'config-invalid',
      `\`interfaces\` names the network ${name}, which is behind a relay (via: ${via}): take it out`,
    );
  }
  const [first] = Object.keys(devices);
  if (served.length === 0) {
    const known = Object.keys(revision.networks).join(', ') || 'none';
    throw new AppError(
      'config-invalid',
      `\`interfaces\` names the network ${first ?? '(none)'}, but the template has ${known}`,
    );
  }
  const own = served.map((network) => ({
    network: network.name,
    address: findAddress(devices[network.name] ?? '', network.subnet),
    httpPort: ports.http,
    registryPort: ports.registry,
  }));
  const behind = Object.values(revision.networks).flatMap(({ name, via }) => {
    const here = own.find(({ network }) => network === via);
    return here && via !== undefined ? [{ ...here, network: name, via }] : [];
  });
  return [...own, ...behind];
}

/** Where people find a site that does not know its networks yet: the first address of each device that has one. */
export function deviceAddresses(
  { interfaces, ports }: { readonly interfaces: Devices; readonly ports: { readonly http: number } },
  source: DeviceSource = systemDevices,
): readonly SiteAddress[] {
  const devices = source();
  return Object.entries(interfaces).flatMap(([network, name]) => {
    const [first] = devices.find((device) => device.name === name)?.addresses ?? [];
    return first ? [{ network, address: first.address, httpPort: ports.http }] : [];
  });
}

/** Why a new revision cannot run on this machine as it stands; undefined if it can. */
export function refuseRevision(
  revision: Revision,
  devices: Devices,
  serving: readonly SiteAddress[] | undefined,
): AppError | undefined {
  try {
    const wanted = siteAddresses(revision, devices, { http: 0, registry: 0 });
    if (
      !serving ||
      serving.every((site) => wanted.some((other) => other.network === site.network && other.address === site.address))
    )
      return undefined;
    const [to, from] = [wanted, serving].map((sites) => sites.map((site) => site.address).join(', '));
    const sentence = `it puts this site at ${to}, but it serves at ${from}: restart the site to change its networks`;
    return new AppError('template-invalid', sentence);
  } catch (error) {
    return AppError.from(error);
  }
}

/** The addresses at which the technician's page is shown: those of the interfaces that `page.listen` names, else all. */
export function shownAt(
  addresses: readonly SiteAddress[],
  {
    interfaces,
    page,
  }: { readonly interfaces: Devices; readonly page?: { readonly listen: readonly string[] } | undefined },
): readonly SiteAddress[] {
  return addresses.filter(({ network, via }) => page?.listen.includes(interfaces[via ?? network] ?? '') ?? true);
}

/**
 * The devices with an address that the site is not told to serve. A socket that no device is tied to hears their
 * broadcasts too, and cannot tell them from those of the nodes.
 */
export function overheardDevices(devices: Devices, source: DeviceSource = systemDevices): readonly string[] {
  const served = new Set(Object.values(devices));
  const others = source().filter(({ name, addresses }) => name !== 'lo' && addresses.length > 0 && !served.has(name));
  return others.map(({ name }) => name);
}
