import type { MessageType } from '../codec/options.ts';
import { bootAnswer } from './boot-answer.ts';
import { askWay } from './choose-way.ts';
import type { Decision, Inquiry } from './decision.ts';
import { ignored } from './decision.ts';
import { destinationOf } from './destination.ts';
import { buildProxyOffer } from './reply.ts';

/**
 * What is said beside another server, which leases (PXE 2.1 section 2.2.3): to a client that boots, an offer without an
 * address, which it puts together with the lease of the other. All else is between those two.
 */
export function decideBeside(type: MessageType, inquiry: Inquiry): Decision {
  const { client, message, context } = inquiry;
  const { name } = context.plan.network;
  if (type !== 'discover') return ignored('not-leasing', `another server leases in network ${name}`);
  if (client.kind?.client === 'os')
    return ignored('not-leasing', `it does not boot by the network, and another server leases in network ${name}`);
  const asked = askWay(inquiry);
  const boot = bootAnswer(inquiry, asked?.spell.way);
  if (!boot.ok) return ignored(boot.error.reason, boot.error.because);
  const reply = buildProxyOffer(inquiry, boot.value);
  const delayMs = client.kind?.proxyDelayMs;
  const also = { ...(delayMs && { delayMs }), ...(asked && { spell: asked }) };
  return { reply, to: destinationOf(message, reply), changes: [], events: [], ...also };
}
