import { ipv4FromNumber } from '../../src/kernel/ipv4.ts';
import { macToBytes } from '../../src/kernel/mac.ts';
import type { DhcpRole } from '../../src/model/dhcp-role.ts';
import type { Lease } from '../../src/model/lease.ts';
import { leaseKey } from '../../src/model/lease.ts';
import type { Revision } from '../../src/model/revision.ts';
import type { LoaderTable } from '../../src/model/site-ports.ts';
import { applyChanges, createState } from '../../src/model/state.ts';
import { AddressPool } from '../../src/site/dhcp/address-pool.ts';
import type { DhcpMessage } from '../../src/site/dhcp/codec/message.ts';
import type { MessageType, OptionName, OptionValue } from '../../src/site/dhcp/codec/options.ts';
import { hintOf, messageTypeOf, messageTypeOption, option } from '../../src/site/dhcp/codec/options.ts';
import type { RawOption } from '../../src/site/dhcp/codec/raw-options.ts';
import { clientOf } from '../../src/site/dhcp/policy/client.ts';
import { decide, openLetter } from '../../src/site/dhcp/policy/decide.ts';
import type { Decision } from '../../src/site/dhcp/policy/decision.ts';
import type { NetworkPlan } from '../../src/site/dhcp/policy/network-plan.ts';
import { planNetwork } from '../../src/site/dhcp/policy/network-plan.ts';
import { noteComing } from '../../src/site/dhcp/policy/signal.ts';
import { WayBook } from '../../src/site/dhcp/way-book.ts';
import { loaders, mac, revision, SITE } from './world.ts';

export const MAC = mac('52:54:00:00:00:01');

type MessageParts = Partial<DhcpMessage> & { readonly mac?: string };

/** A message of a client, with the header that such a client writes. */
export function message(type: MessageType, options: readonly RawOption[] = [], parts: MessageParts = {}): DhcpMessage {
  const { mac: macText = MAC, ...header } = parts;
  const zero = ipv4FromNumber(0);
  const chaddr = new Uint8Array(16);
  chaddr.set(macToBytes(mac(macText)));
  return {
    op: 1,
    htype: 1,
    hlen: 6,
    hops: 0,
    xid: 7,
    secs: 0,
    flags: 0,
    ciaddr: zero,
    yiaddr: zero,
    siaddr: zero,
    giaddr: zero,
    chaddr,
    sname: '',
    file: '',
    options: [messageTypeOption(type), ...options],
    ...header,
  };
}

/** Options that make a sender a BIOS ROM, an EDK2 client for x64, iPXE with HTTP, or an installed system. */
export const SPEAKS = {
  bios: [option('vendorClass', 'PXEClient:Arch:00000:UNDI:002001'), option('clientArch', [0])],
  uefi: [option('vendorClass', 'PXEClient:Arch:00007:UNDI:003016'), option('clientArch', [7])],
  arm: [option('vendorClass', 'PXEClient:Arch:00010:UNDI:003016'), option('clientArch', [10])],
  ipxe: [
    option('vendorClass', 'PXEClient:Arch:00000:UNDI:002001'),
    option('clientArch', [0]),
    option('ipxe', [
      { code: 0x13, bytes: Uint8Array.of(1) },
      { code: 0x18, bytes: Uint8Array.of(1) },
    ]),
  ],
  os: [],
} as const satisfies Record<string, readonly RawOption[]>;

/** A site without sockets: decisions are made, remembered and committed as the server does it, only at once. */
export class Bench {
  readonly state = createState();
  plan: NetworkPlan;
  loaders: LoaderTable = loaders('undionly.kpxe', 'snponly.efi', 'grubaa64.efi');
  servesTime = true;
  now = 1_000_000;
  monotonic = 0;
  /** Instead of what the template says. */
  role: DhcpRole | undefined;
  readonly pool = new AddressPool(() => this.monotonic);
  readonly ways = new WayBook(() => this.monotonic);

  constructor(current: Revision = revision()) {
    this.plan = planOf(current);
  }

  /** Another revision comes into force. */
  apply(current: Revision): void {
    this.plan = planOf(current);
  }

  /** What is decided; nothing is committed. */
  judge(asked: DhcpMessage): Decision {
    const letter = openLetter(asked, this.plan.network.sharedMacs ?? []);
    if (letter.kind === 'ignored') {
      return { changes: [], events: [], ignore: { reason: letter.reason, because: letter.because } };
    }
    const { state, now } = this;
    const plan = this.role === undefined ? this.plan : { ...this.plan, role: this.role };
    const pool = this.pool.view(plan, state, now);
    const { servesTime, ways } = this;
    const context = { now, plan, state, loaders: this.loaders, servesTime, pool, ways };
    return decide(letter.type, asked, letter.client, context);
  }

  /** Decides and carries out. */
  ask(asked: DhcpMessage): Decision {
    const decision = this.judge(asked);
    if (decision.pool) this.pool.apply(decision.pool);
    if (decision.spell) this.ways.apply(decision.spell);
    const type = messageTypeOf(asked);
    const client = clientOf(asked);
    if (type && client) noteComing(this.ways, type, client, decision);
    applyChanges(this.state, decision.changes);
    if (decision.pool?.kind === 'grant') this.pool.settle(decision.pool.address);
    return decision;
  }

  /** DISCOVER and REQUEST of one client; the answer is that to the REQUEST. */
  lease(speaks: readonly RawOption[] = [], macText: string = MAC): Decision {
    const offer = this.ask(message('discover', speaks, { mac: macText })).reply;
    if (!offer) throw new Error('no offer');
    const chosen = [option('serverId', SITE.address), option('requestedAddress', offer.yiaddr)];
    return this.ask(message('request', [...speaks, ...chosen], { mac: macText }));
  }

  leaseOf(macText: string = MAC): Lease | undefined {
    return this.state.leases.get(leaseKey('nodes', macText));
  }

  later(ms: number): void {
    this.now += ms;
    this.monotonic += ms;
  }
}

/** `offer 10.7.0.100`, `nak`, `ignored: no-loader`, `done`: a decision in a word or two. */
export function summary(decision: Decision): string {
  if (decision.ignore) return `ignored: ${decision.ignore.reason}`;
  if (!decision.reply) return 'done';
  const type = messageTypeOf(decision.reply);
  return type === 'nak' ? 'nak' : `${type} ${decision.reply.yiaddr}`;
}

/** The value of an option of the reply. */
export function replied<N extends OptionName>(decision: Decision, name: N): OptionValue<N> | undefined {
  return decision.reply && hintOf(decision.reply, name);
}

function planOf(current: Revision): NetworkPlan {
  const plan = planNetwork(current, SITE);
  if (!plan) throw new Error('the revision has no network nodes');
  return plan;
}
