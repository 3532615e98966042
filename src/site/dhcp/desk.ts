import { AppError } from '../../kernel/errors.ts';
import type { Clock, LogFields } from '../../kernel/ports.ts';
import type { Endpoint, UdpSocket } from '../../kernel/udp.ts';
import type { Surroundings } from '../../model/dhcp-role.ts';
import type { SignalSink } from '../../model/signal.ts';
import type { LoaderTable } from '../../model/site-ports.ts';
import type { Store } from '../../model/store.ts';
import type { DhcpMessage } from './codec/message.ts';
import { decodeMessage, encodeMessage } from './codec/message.ts';
import { hintOf } from './codec/options.ts';
import type { Counters } from './counters.ts';
import type { Diary } from './diary.ts';
import { fieldsOf } from './diary.ts';
import { Later } from './later.ts';
import type { Networks } from './networks.ts';
import { decideBootServer } from './policy/boot-server.ts';
import type { Letter } from './policy/decide.ts';
import { decide, openLetter } from './policy/decide.ts';
import type { DecideContext, Decision } from './policy/decision.ts';
import type { Destination } from './policy/destination.ts';
import type { NetworkPlan } from './policy/network-plan.ts';
import { proberOf } from './policy/probe.ts';
import { meansUs } from './policy/relay.ts';
import { noteComing, signalOf } from './policy/signal.ts';
import type { ProbedNetwork } from './prober.ts';
import type { WayBook } from './way-book.ts';

export type DeskParts = {
  readonly clock: Clock;
  readonly store: Store;
  readonly loaders: LoaderTable;
  readonly servesTime: (network: string) => boolean;
  readonly surroundings: Surroundings;
  readonly signals: SignalSink;
  readonly networks: Networks;
  readonly ways: WayBook;
  readonly counters: Counters;
  readonly diary: Diary;
  /** The socket that speaks for the site in a network: firmware takes answers only from the port that it asked. */
  readonly senderFor: (door: Door) => UdpSocket | undefined;
};

/** How many answers may wait for the disk. Beyond that requests are dropped, and asked again when the disk has caught up. */
const MAX_WAITING = 4096;
/** One event says that a pool is empty; a thousand machines that ask again say nothing more. */
const EXHAUSTED_PAUSE_MS = 10 * 60_000;

/** The socket that a datagram came in by: the network that it hears, and whether its port is that of DHCP or of a boot server. */
export type Door = {
  readonly network: string;
  readonly kind: 'dhcp' | 'boot-server';
  /** Whether what comes in was sent to the site alone; undefined: this socket hears both. */
  readonly isUnicast?: boolean;
};

type Case = {
  readonly letter: Extract<Letter, { kind: 'letter' }>;
  readonly served: ProbedNetwork;
  readonly decision: Decision;
};

/** Takes one datagram after the other from arrival to answer. Nothing in a packet makes it throw. */
export class Desk {
  readonly #parts: DeskParts;
  readonly #exhaustedAt = new Map<string, number>();
  readonly #waiting = new Set<Promise<void>>();
  readonly #later: Later;
  #isClosing = false;

  constructor(parts: DeskParts) {
    this.#parts = parts;
    this.#later = new Later(parts.clock);
  }

  /** Hears nothing more, and resolves when every answer that waits for the disk has left. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#later.clear();
    await Promise.all(this.#waiting);
  }

  receive(datagram: Uint8Array, from: Endpoint, door: Door): void {
    if (this.#isClosing) return;
    this.#parts.counters.add('received');
    try {
      this.#read(datagram, from, door);
    } catch (thrown) {
      this.#parts.diary.failed('bugs', thrown, { from: from.address }, 'a packet brought up a bug of Slipway');
    }
  }

  #read(datagram: Uint8Array, from: Endpoint, door: Door): void {
    const { diary } = this.#parts;
    const decoded = decodeMessage(datagram);
    if (!decoded.ok) {
      diary.malformed(decoded.error.reason, decoded.error.sentence, from.address);
      return;
    }
    const letter = openLetter(decoded.value, this.#parts.networks.sharedMacs());
    if (letter.kind === 'ignored') diary.ignored(letter, undefined, () => ({ from: from.address }));
    else if (door.kind === 'boot-server') this.#direct(letter, from, door.network);
    else this.#deliver(letter, door);
  }

  #deliver(letter: Case['letter'], { network: heardIn, isUnicast }: Door): void {
    const { counters, diary, networks } = this.#parts;
    const route = networks.route(letter.message, { heardIn, isUnicast });
    if (route.kind !== 'none' && isOwnProbe(letter, route.served)) {
      counters.add('ignored.own-probe');
      return;
    }
    counters.add(`received.${letter.type}`);
    if (route.kind === 'none') diary.ignored(route, letter.type, () => this.#fields(letter, heardIn));
    else if (this.#waiting.size >= MAX_WAITING && letter.type !== 'discover') counters.add('dropped.busy');
    else {
      const { served } = route;
      this.#hearChoice(letter, served.plan);
      this.#settle({ letter, served, decision: this.#decide(letter, served) });
    }
  }

  /** Who chooses the offer of another server tells that there is one. */
  #hearChoice({ type, message }: Case['letter'], plan: NetworkPlan): void {
    const { network } = plan;
    const server = type === 'request' ? hintOf(message, 'serverId') : undefined;
    if (server === undefined || meansUs(server, message, plan)) return;
    const at = this.#parts.clock.now();
    this.#parts.surroundings.heard({ network: network.name, server, how: 'request', at });
  }

  /** Shows a client with an address the way to its loader. It opens no boot: what it had by DHCP did, here or elsewhere. */
  #direct(letter: Case['letter'], from: Endpoint, network: string): void {
    const { counters, diary, networks } = this.#parts;
    counters.add('received.boot-server');
    const { type, message, client } = letter;
    const served = networks.find(from.address, network);
    if (!served) {
      const because = `no template in force describes network ${network}`;
      diary.ignored({ reason: 'no-network', because }, type, () => this.#fields(letter, network));
      return;
    }
    const decision = decideBootServer(type, { message, client, context: this.#context(served) }, from);
    if (decision.reply) this.#send(network, decision.reply, decision.to, 'boot-server');
    noteComing(this.#parts.ways, type, client, decision);
    diary.settled(type, client, () => this.#fields(letter, network), decision);
  }

  #decide({ type, message, client }: Case['letter'], served: ProbedNetwork): Decision {
    const decision = decide(type, message, client, this.#context(served));
    if (decision.pool) served.pool.apply(decision.pool);
    if (decision.spell) this.#parts.ways.apply(decision.spell);
    noteComing(this.#parts.ways, type, client, decision);
    return decision;
  }

  #context({ plan, pool }: ProbedNetwork): DecideContext {
    const { clock, store, loaders, servesTime, ways } = this.#parts;
    const now = clock.now();
    const { state } = store;
    return {
      now,
      plan,
      state,
      loaders,
      ways,
      servesTime: servesTime(plan.network.name),
      pool: pool.view(plan, state, now),
    };
  }

  /** The answer leaves only after what it promises is on disk; what promises nothing leaves at once. */
  #settle(dealt: Case): void {
    const { decision } = dealt;
    if (decision.ignore) this.#tell(decision);
    if (decision.changes.length === 0) {
      const { delayMs } = decision;
      if (delayMs === undefined) this.#finish(dealt);
      else this.#later.do(dealt.letter.client.key, delayMs, () => this.#finishLater(dealt));
      return;
    }
    const settle = (end: () => void): void => {
      this.#unblock(dealt);
      end();
      this.#waiting.delete(written);
    };
    const written = this.#parts.store.commit(decision.changes, decision.events).then(
      () => settle(() => this.#finishLater(dealt)),
      (thrown: unknown) => settle(() => this.#fail('commit-failed', dealt, thrown, 'it could not be written down')),
    );
    this.#waiting.add(written);
  }

  #unblock({ served, decision }: Case): void {
    if (decision.pool?.kind === 'grant') served.pool.settle(decision.pool.address);
  }

  /** As `receive`, for what is done after a wait. */
  #finishLater(dealt: Case): void {
    try {
      this.#finish(dealt);
    } catch (thrown) {
      this.#fail('bugs', dealt, thrown, 'a packet brought up a bug of Slipway');
    }
  }

  #fail(counter: string, { letter, served }: Case, thrown: unknown, why: string): void {
    const fields = this.#fields(letter, served.plan.network.name);
    this.#parts.diary.failed(counter, thrown, fields, `no answer to ${letter.client.key}: ${why}`);
  }

  #finish(dealt: Case): void {
    const { diary, signals, clock } = this.#parts;
    const { letter, served, decision } = dealt;
    if (decision.reply) this.#send(served.plan.network.name, decision.reply, decision.to);
    const subject = () => this.#fields(letter, served.plan.network.name);
    diary.settled(letter.type, letter.client, subject, decision);
    // Another site that looks who is here is no machine.
    if (proberOf(letter.message, served.plan.network.subnet) !== undefined) return;
    const { claim, kind } = letter.client;
    const spell = claim && kind && this.#parts.ways.spellOf(claim.mac, kind.name);
    const signal = signalOf(letter, decision, clock.now(), spell);
    if (signal) signals.observe(signal);
  }

  #send(network: string, reply: DhcpMessage, to: Destination, kind: Door['kind'] = 'dhcp'): void {
    const encoded = encodeMessage(reply);
    if (!encoded.ok) throw new AppError('internal', `a reply cannot be written: ${encoded.error.sentence}`);
    this.#parts.senderFor({ network, kind })?.send(encoded.value, to);
  }

  /** Events of a decision that changes nothing: nobody waits for them. */
  #tell(decision: Decision): void {
    const { store, clock, diary } = this.#parts;
    const events = decision.events.filter((event) => {
      const network = String(event.data?.['network']);
      const last = this.#exhaustedAt.get(network);
      if (last !== undefined && clock.monotonic() - last < EXHAUSTED_PAUSE_MS) return false;
      this.#exhaustedAt.set(network, clock.monotonic());
      return true;
    });
    if (events.length === 0) return;
    store
      .commit([], events)
      .catch((thrown: unknown) => diary.failed('commit-failed', thrown, {}, 'an event could not be written down'));
  }

  #fields({ client }: Case['letter'], network: string): LogFields {
    return fieldsOf(client, network, this.#parts.store.state, this.#parts.clock.now());
  }
}

/** What we send out to find other servers comes back to us, as every broadcast does. */
function isOwnProbe({ message }: Case['letter'], { plan }: ProbedNetwork): boolean {
  return proberOf(message, plan.network.subnet) === plan.site.address;
}
