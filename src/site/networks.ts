import { findAddress } from '../adapters/node/interfaces.ts';
import { AppError } from '../kernel/errors.ts';
import type { Revision } from '../model/revision.ts';
import type { SiteAddress } from '../model/site-ports.ts';

/** Which device carries which network, from the site file. */
export type Devices = Readonly<Record<string, string>>;

/**
 * Where the site stands in each network of a revision that has a device.
 * @throws AppError `interface-missing`, `interface-without-address`, or `config-invalid` if no network has a device
 */
export function siteAddresses(revision: Revision, devices: Devices, httpPort: number): readonly SiteAddress[] {
  const served = Object.values(revision.networks).filter((network) => devices[network.name] !== undefined);
  const [first] = Object.keys(devices);
  if (served.length === 0) {
    const known = Object.keys(revision.networks).join(', ') || 'none';
    throw new AppError(
      'config-invalid',
      `\`interfaces\` names the network ${first ?? '(none)'}, but the template has ${known}`,
    );
  }
  return served.map((network) => ({
    network: network.name,
    address: findAddress(devices[network.name] ?? '', network.subnet),
    httpPort,
  }));
}

/** Why a new revision cannot run on this machine as it stands; undefined if it can. */
export function refuseRevision(
  revision: Revision,
  devices: Devices,
  serving: readonly SiteAddress[] | undefined,
): string | undefined {
  try {
    const wanted = siteAddresses(revision, devices, 0);
    if (
      !serving ||
      serving.every((site) => wanted.some((other) => other.network === site.network && other.address === site.address))
    )
      return undefined;
    return `it puts this site at ${wanted.map((site) => site.address).join(', ')}, but it serves at ${serving.map((site) => site.address).join(', ')}: restart the site to change its networks`;
  } catch (error) {
    return AppError.from(error).message;
  }
}
