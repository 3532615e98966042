import type { Ipv4 } from '../../kernel/ipv4.ts';
import { parseIpv4 } from '../../kernel/ipv4.ts';
import type { MacAddress } from '../../kernel/mac.ts';
import { type BootPlace, type Chosen, chooseOffer } from './choose-offer.ts';
import { addressBytes, clientPacket, type ServerMessage, TYPES } from './dhcp-packet.ts';
import type { DhcpWire } from './dhcp-wire.ts';
import { JourneyEnd, type Stopwatch } from './journey.ts';
import type { SimKind, Waits } from './kinds.ts';

export type DhcpWorld = {
  readonly wire: DhcpWire;
  readonly mac: MacAddress;
  readonly random: () => number;
  /** Hears each offer. */
  readonly onOffer: (offer: ServerMessage, boots: boolean) => void;
  /** Only this server may be booted from. */
  readonly site: Ipv4;
  readonly pause: (ms: number) => Promise<void>;
};

export type Lease = {
  readonly address: Ipv4;
  readonly prefix: number;
  readonly router: Ipv4 | undefined;
  readonly server: Ipv4;
  readonly place: BootPlace | undefined;
};

type Options = SimKind['options'];
type Heard = { readonly offers: readonly ServerMessage[]; readonly choice: ReturnType<typeof chooseOffer> };

const REQUEST_WAITS = 4;
/** iPXE, `PROXYDHCP_MIN_TIMEOUT`: it looks for a proxy so long, unless option 175.176 says that there is none. */
const PROXY_WAIT_MS = 2_000;
const NO_PROXY = 0xb0;

/** DISCOVER with the waits of its kind until there are offers of which it takes one. */
export async function discover(kind: SimKind, world: DhcpWorld, watch: Stopwatch): Promise<Chosen> {
  let heard: Heard = { offers: [], choice: { ok: false, error: 'no answer' } };
  let elapsedMs = 0;
  // RFC 2131 section 4.1: a DISCOVER that is sent again has the same number, so that a late offer still counts.
  const xid = Math.floor(world.random() * 2 ** 32);
  for (const waitMs of kind.discoverWaits) {
    heard = await discoverOnce(kind, world, {
      watch,
      waitMs,
      secs: Math.floor(elapsedMs / 1_000),
      before: heard.offers,
      xid,
    });
    if (heard.choice.ok) return heard.choice.value;
    elapsedMs += waitMs;
    watch.repeats += 1;
  }
  throw new JourneyEnd(`DHCP: ${heard.choice.ok ? 'nothing' : heard.choice.error}`);
}

type Round = {
  readonly watch: Stopwatch;
  readonly waitMs: number;
  readonly secs: number;
  readonly before: readonly ServerMessage[];
  readonly xid: number;
};

async function discoverOnce(kind: SimKind, world: DhcpWorld, round: Round): Promise<Heard> {
  const { wire, mac, site } = world;
  const { xid } = round;
  const offers = [...round.before];
  const enough = Promise.withResolvers<void>();
  const choose = (): Heard => ({ offers, choice: chooseOffer(kind, ofSite(offers, site)) });
  wire.listen(xid, (answer) => {
    if (answer.type !== TYPES.offer) return;
    round.watch.answer();
    offers.push(answer);
    world.onOffer(answer, bootsOf(kind, answer));
    if (choose().choice.ok) enough.resolve();
  });
  wire.send(clientPacket({ type: TYPES.discover, xid, mac, secs: round.secs, options: optionsOf(kind, mac) }));
  await Promise.race([enough.promise, world.pause(round.waitMs)]);
  const firstChoice = choose().choice;
  if (firstChoice.ok) await world.pause(gatherMs(kind, offers));
  wire.forget(xid);
  return choose();
}

/** How long it goes on listening with an answer that it could take. */
function gatherMs(kind: SimKind, offers: readonly ServerMessage[]): number {
  if (kind.takes !== 'script') return kind.gathersMs;
  const saysNoProxy = offers.some(({ options }) => hasSubOption(options.get(175), NO_PROXY));
  return saysNoProxy ? 0 : PROXY_WAIT_MS;
}

function hasSubOption(bytes: Uint8Array = new Uint8Array(0), code: number): boolean {
  for (let at = 0; at + 1 < bytes.length; at += 2 + (bytes[at + 1] ?? 0)) if (bytes[at] === code) return true;
  return false;
}

/** A boot file of somebody else is not taken; an address is. */
function ofSite(offers: readonly ServerMessage[], site: Ipv4): readonly ServerMessage[] {
  return offers.map((offer) =>
    [...offer.server].join('.') === site || offer.next === site
      ? offer
      : {
          ...offer,
          file: '',
          options: new Map([...offer.options].filter(([code]) => ![43, 60, 66, 67].includes(code))),
        },
  );
}

function bootsOf(kind: SimKind, offer: ServerMessage): boolean {
  const choice = chooseOffer(kind, [offer, { ...offer, address: '0.0.0.1' }]);
  return choice.ok && choice.value.place !== undefined;
}

/** REQUEST until it is acknowledged. */
export async function request(kind: SimKind, chosen: Chosen, world: DhcpWorld, watch: Stopwatch): Promise<Lease> {
  const { wire, mac, random } = world;
  const xid = Math.floor(random() * 2 ** 32);
  const options: Options = [
    [50, addressBytes(chosen.lease.address)],
    [54, chosen.lease.server],
    ...optionsOf(kind, mac),
  ];
  const waits: Waits = kind.discoverWaits.slice(0, REQUEST_WAITS);
  const ack = await askUntil<ServerMessage>(waits, world, watch, (hear) => {
    wire.listen(xid, (answer) => {
      if (answer.type === TYPES.ack || answer.type === TYPES.nak) hear(answer);
    });
    wire.send(clientPacket({ type: TYPES.request, xid, mac, options }));
  });
  wire.forget(xid);
  if (ack?.type === TYPES.nak) throw new JourneyEnd('DHCP: its REQUEST was refused (NAK)');
  const address = parseIpv4(ack?.address ?? '');
  if (!ack || !address) throw new JourneyEnd('DHCP: no ACK');
  return leaseOf(address, ack, chosen);
}

function leaseOf(address: Ipv4, ack: ServerMessage, { place, lease, from }: Chosen): Lease {
  const mask = ack.options.get(1) ?? Uint8Array.of(255, 255, 255, 0);
  const prefix = [...mask].reduce((bits, byte) => bits + byte.toString(2).replaceAll('0', '').length, 0);
  const routerBytes = ack.options.get(3)?.subarray(0, 4);
  const router = routerBytes && parseIpv4([...routerBytes].join('.'));
  // Who leases and boots may say in its ACK where; that is what counts then.
  const said = from === lease && place?.kind === 'tftp' && ack.file !== '' ? { ...place, file: ack.file } : place;
  return { address, prefix, router, server: parseIpv4([...ack.server].join('.')) ?? address, place: said };
}

/** Sends, and sends again with growing waits, until something is heard; undefined: nothing was. */
export async function askUntil<T>(
  waits: Waits,
  { pause }: Pick<DhcpWorld, 'pause'>,
  watch: Stopwatch,
  send: (hear: (answer: T) => void) => void,
): Promise<T | undefined> {
  const heard = Promise.withResolvers<T>();
  let answer: T | undefined;
  heard.promise.then((value) => {
    watch.answer();
    answer = value;
  });
  for (const [i, waitMs] of waits.entries()) {
    if (i > 0) watch.repeats += 1;
    send(heard.resolve);
    await Promise.race([heard.promise, pause(waitMs)]);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

/** What a request of this kind carries besides its type. */
export function optionsOf(kind: SimKind, mac: MacAddress): Options {
  const text = kind.vendorClass;
  return [
    ...kind.options,
    ...(kind.arch === undefined ? [] : [[93, Uint8Array.of(kind.arch >> 8, kind.arch & 255)] as const]),
    ...(text === undefined ? [] : [[60, Uint8Array.from(text, (letter) => letter.charCodeAt(0))] as const]),
    ...(kind.uuid ? [[97, uuidBytes(mac)] as const] : []),
  ];
}

/** RFC 4578: a zero, and 16 bytes; made of the MAC, so that each machine has its own and always the same. */
function uuidBytes(mac: MacAddress): Uint8Array {
  return Uint8Array.of(
    0,
    ...new Array<number>(10).fill(0x5c),
    ...mac.split(':').map((two) => Number.parseInt(two, 16)),
  );
}

/** The same UUID as its SMBIOS tells it: the first three fields are little-endian in option 97. */
export function uuidText(mac: MacAddress): string {
  return `5c5c5c5c-5c5c-5c5c-5c5c-${mac.replaceAll(':', '')}`;
}
