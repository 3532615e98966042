import { isInSubnet, UNSPECIFIED } from '../../../kernel/ipv4.ts';
import { bootAnswer } from './boot-answer.ts';
import type { Decision, Inquiry } from './decision.ts';
import { ignored } from './decision.ts';
import { destinationOf } from './destination.ts';
import { buildReply } from './reply.ts';

/** INFORM (RFC 2131 section 4.3.5): the client has its address already and asks for the rest; no lease is made. */
export function decideInform(inquiry: Inquiry): Decision {
  const { message, context } = inquiry;
  const { plan } = context;
  if (message.ciaddr === UNSPECIFIED)
    return ignored('incomplete', 'it asks for settings but names no address (ciaddr)');
  if (!isInSubnet(message.ciaddr, plan.network.subnet))
    return ignored('no-network', `its address ${message.ciaddr} is not in network ${plan.network.name}`);
  const boot = bootAnswer(inquiry);
  if (!boot.ok) return ignored(boot.error.reason, boot.error.because);
  const reply = buildReply(inquiry, { type: 'ack', yiaddr: UNSPECIFIED, boot: boot.value });
  return { reply, to: destinationOf(message, reply), changes: [], events: [] };
}
