import { hasAddress } from '../adapters/node/interfaces.ts';
import { AppError } from '../kernel/errors.ts';
import type { Cancel, Clock, Log } from '../kernel/ports.ts';
import type { Revision } from '../model/revision.ts';
import type { SiteAddress } from '../model/site-ports.ts';
import { ownAddresses } from '../model/site-ports.ts';
import type { SiteConfig } from './config.ts';
import { siteAddresses } from './networks.ts';

export type AddressWatch = {
  /** Why nodes cannot reach the site where it serves them; undefined: they can. */
  readonly problem: () => string | undefined;
  readonly stop: Cancel;
};

export type AddressWatchParts = {
  readonly addresses: () => readonly SiteAddress[];
  /** Cheap, and may miss a device without a link. */
  readonly has: (site: SiteAddress) => boolean;
  /** Where the site would stand if it began now. @throws AppError what is missing */
  readonly locate: () => readonly SiteAddress[];
  readonly beginAnew: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
};

const EVERY_MS = 3_000;

/**
 * Looks every few seconds whether the machine still has the addresses that the site serves at. What comes back as it was
 * needs nothing: the sockets are still there. For other addresses the site begins anew, once they were there at two looks:
 * whoever changes an address takes the old one away first.
 */
export function startAddressWatch(parts: AddressWatchParts): AddressWatch {
  const { addresses, has, locate, beginAnew, clock, log } = parts;
  let problem: string | undefined;
  let hasMoved = false;
  let isStopped = false;
  let cancel: Cancel = () => undefined;

  const note = (says: string | undefined): void => {
    if (says === problem) return;
    problem = says;
    if (says === undefined) log.info({}, 'the addresses of this site are back');
    else log.error({ because: says }, 'machines cannot reach this site');
  };
  const compare = async (): Promise<void> => {
    const [was, is] = [addresses(), ownAddresses(addresses()).every(has) ? addresses() : locate()].map(inWords);
    if (was === is) {
      note(undefined);
      hasMoved = false;
      return;
    }
    if (hasMoved) await beginAnew();
    hasMoved = true;
    note(`this machine has now ${is}, and the site serves at ${was}`);
  };
  const look = async (): Promise<void> => {
    await compare().catch((thrown: unknown) => note(AppError.from(thrown).message));
    if (!isStopped) cancel = clock.after(EVERY_MS, () => void look());
  };
  cancel = clock.after(EVERY_MS, () => void look());
  return {
    problem: () => problem,
    stop: () => {
      isStopped = true;
      cancel();
    },
  };
}

/** `startAddressWatch` on the devices of this machine. */
export function watchAddresses(
  { interfaces, ports }: Pick<SiteConfig, 'interfaces' | 'ports'>,
  parts: Pick<AddressWatchParts, 'addresses' | 'beginAnew' | 'clock' | 'log'> & {
    readonly revision: () => Revision | undefined;
  },
): AddressWatch {
  return startAddressWatch({
    ...parts,
    has: ({ network, address }) => hasAddress(interfaces[network] ?? '', address),
    locate: () => {
      const revision = parts.revision();
      return revision ? siteAddresses(revision, interfaces, ports) : parts.addresses();
    },
  });
}

function inWords(sites: readonly SiteAddress[]): string {
  return sites.map(({ network, address }) => `${address} (${network})`).join(', ');
}
