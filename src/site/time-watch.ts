import type { Ipv4 } from '../kernel/ipv4.ts';
import type { Cancel, Clock, Log } from '../kernel/ports.ts';
import type { RevisionSource, SiteAddress } from '../model/site-ports.ts';

const EVERY_MS = 60_000;
const ANSWER_MS = 500;

export type TimeWatch = {
  /** Whether an NTP server answers at the site's address in this network; false until it was asked. */
  readonly servesTime: (network: string) => boolean;
  readonly stop: Cancel;
};

/**
 * Asks every minute whether this machine serves the time where the template offers it (`ntp: [site]`): what we
 * advertise, we serve, and the server is another program. Tells each time that this changes. Resolves after the first look.
 */
export async function startTimeWatch(parts: {
  readonly addresses: () => readonly SiteAddress[];
  readonly revisions: RevisionSource;
  readonly answersTime: (address: Ipv4, withinMs: number) => Promise<boolean>;
  readonly clock: Clock;
  readonly log: Log;
}): Promise<TimeWatch> {
  const { addresses, revisions, answersTime, clock, log } = parts;
  const known = new Map<string, boolean>();
  let isStopped = false;
  let cancel: Cancel = () => undefined;

  const note = (network: string, does: boolean): void => {
    if (known.get(network) === does) return;
    known.set(network, does);
    if (does) log.info({ network }, 'the time is served here; nodes are told so');
    else log.warn({ network }, NO_TIME);
  };
  const look = async (): Promise<void> => {
    const networks = revisions.current()?.networks ?? {};
    const offering = addresses().filter(({ network }) => networks[network]?.ntp.includes('site'));
    for (const { network, address } of offering) note(network, await answersTime(address, ANSWER_MS));
    if (!isStopped) cancel = clock.after(EVERY_MS, () => void look());
  };

  await look();
  return {
    servesTime: (network) => known.get(network) ?? false,
    stop: () => {
      isStopped = true;
      cancel();
    },
  };
}

const NO_TIME =
  'the template offers the time of this machine (ntp: [site]), but no NTP server answers here: nodes are not told of it. Install one, such as chrony, and let it serve the network';
