import { AppError } from '../../kernel/errors.ts';
import type { Ipv4 } from '../../kernel/ipv4.ts';
import { LIMITED_BROADCAST } from '../../kernel/ipv4.ts';
import type { Clock, Random } from '../../kernel/ports.ts';
import type { UdpHandlers, UdpPort, UdpSocket } from '../../kernel/udp.ts';
import { decodeMessage, encodeMessage } from './codec/message.ts';
import { CLIENT_PORT, SERVER_PORT } from './policy/destination.ts';
import { MOST_SERVERS } from './policy/findings.ts';
import type { SeenOffer } from './policy/probe.ts';
import { buildProbe, leasingIn, offerIn, PROBE_SHAPES } from './policy/probe.ts';

/** What was seen; or why nothing could be: then nobody knows who else is there. */
export type Look =
  | { readonly kind: 'looked'; readonly offers: readonly SeenOffer[] }
  | { readonly kind: 'blind'; readonly because: string };

/** Port 68 of one network: sends, and hears broadcasts. Rejects with an AppError. */
export type ClientDoor = (handlers: UdpHandlers) => Promise<Pick<UdpSocket, 'send' | 'close'>>;

export type LookParts = {
  readonly door: ClientDoor;
  readonly clock: Clock;
  readonly random: Random;
  /** The address of the site in the network that is looked at. */
  readonly site: Ipv4;
  /** A test aid: how long each probe waits for answers. */
  readonly answerMs?: number | undefined;
  /** Ends it early; what was seen until then is the result. */
  readonly stopped?: Promise<void> | undefined;
};

/** Some servers look for half a second whether the address is free that they are about to offer, slow ones for three. */
const ANSWER_MS = 2_500;

/** One answer to somebody else may be anybody's; a server gives two in each boot. */
const OVERHEARD_TIMES = 2;

/**
 * Asks three times who else gives out addresses or boots in a network, and takes nothing of it. About nine seconds. A server
 * that answers only machines that it knows is seen by what it says to them meanwhile.
 */
export async function look({ door, clock, random, site, stopped, answerMs = ANSWER_MS }: LookParts): Promise<Look> {
  const seen = new Map<string, SeenOffer>();
  const overheard = new Map<Ipv4, number>();
  const failures: string[] = [];
  const xid = random.bytes(4).reduce((sum, byte) => sum * 256 + byte, 0);
  const opened = await door({
    onDatagram: (bytes, { address: from }) => {
      const message = decodeMessage(bytes);
      if (!message.ok) return;
      const about = { from, xid, site };
      const leasing = leasingIn(message.value, about);
      const offer = offerIn(message.value, about) ?? (leasing && isRepeated(overheard, leasing) ? leasing : undefined);
      if (offer && seen.size < MOST_SERVERS) seen.set(`${offer.server} ${offer.how}`, offer);
    },
    onSendError: (error) => failures.push(error.message),
  }).catch((thrown: unknown) => AppError.from(thrown));
  if (opened instanceof AppError) return { kind: 'blind', because: opened.message };
  let isStopped = false;
  const ended = stopped?.then(() => {
    isStopped = true;
  });
  for (const shape of PROBE_SHAPES) {
    const probe = encodeMessage(buildProbe(shape, xid, site));
    if (!probe.ok || isStopped) break;
    opened.send(probe.value, { address: LIMITED_BROADCAST, port: SERVER_PORT });
    await pause(clock, answerMs * (1 + 0.4 * random.unit()), ended);
  }
  await opened.close();
  if (failures.length >= PROBE_SHAPES.length) return { kind: 'blind', because: failures[0] ?? 'nothing can be sent' };
  return { kind: 'looked', offers: [...seen.values()] };
}

function isRepeated(overheard: Map<Ipv4, number>, { server }: SeenOffer): boolean {
  const times = (overheard.get(server) ?? 0) + 1;
  if (times > 1 || overheard.size < MOST_SERVERS) overheard.set(server, times);
  return times >= OVERHEARD_TIMES;
}

/**
 * Port 68 beside whoever else has it, such as the DHCP client of another device of this machine: what that one hears is
 * left to it, as a socket on the broadcast address hears nothing else.
 */
export function clientDoor(udp: UdpPort, site: Ipv4): ClientDoor {
  const shared = { broadcast: true, shared: true };
  return async (handlers) => {
    const ear = await udp.open({ address: LIMITED_BROADCAST, port: CLIENT_PORT }, handlers, shared);
    try {
      // What this one sends to 255.255.255.255 leaves by the device that owns its address, without any route.
      const mouth = await udp.open({ address: site, port: CLIENT_PORT }, handlers, shared);
      const close = async (): Promise<void> => void (await Promise.all([ear.close(), mouth.close()]));
      return { send: mouth.send, close };
    } catch (error) {
      await ear.close();
      throw error;
    }
  };
}

async function pause(clock: Clock, ms: number, ended: Promise<void> | undefined): Promise<void> {
  let cancel = (): void => undefined;
  const passed = new Promise<void>((resolve) => {
    cancel = clock.after(ms, resolve);
  });
  await Promise.race(ended ? [passed, ended] : [passed]);
  cancel();
}
