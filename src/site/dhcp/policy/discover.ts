import { chooseAddress } from './address.ts';
import { bootAnswer } from './boot-answer.ts';
import { askWay } from './choose-way.ts';
import type { Decision, Inquiry } from './decision.ts';
import { ignored } from './decision.ts';
import { destinationOf } from './destination.ts';
import { leaseSecondsFor } from './lease-time.ts';
import { buildReply } from './reply.ts';

/** DISCOVER (RFC 2131 section 4.3.1): an offer, which is remembered for a while and written nowhere. */
export function decideDiscover(inquiry: Inquiry): Decision {
  const { message, client, context } = inquiry;
  const { plan, now } = context;
  const asked = askWay(inquiry);
  const boot = bootAnswer(inquiry, asked?.spell.way);
  if (!boot.ok) return ignored(boot.error.reason, boot.error.because);
  const address = chooseAddress(inquiry);
  if (address === undefined) {
    const sentence = `Network ${plan.network.name} has no address left for ${client.key}.`;
    const event = { type: 'pool-exhausted', at: now, sentence, data: { network: plan.network.name } } as const;
    return ignored('pool-exhausted', `network ${plan.network.name} has no address left`, { events: [event] });
  }
  const leaseSeconds = leaseSecondsFor(inquiry);
  const reply = buildReply(inquiry, { type: 'offer', yiaddr: address, leaseSeconds, boot: boot.value });
  return {
    reply,
    to: destinationOf(message, reply),
    changes: [],
    events: [],
    pool: { kind: 'offer', address, client: client.key },
    ...(asked ? { spell: asked } : {}),
  };
}
