import { isInSubnet, UNSPECIFIED } from '../../../kernel/ipv4.ts';
import type { Endpoint } from '../../../kernel/udp.ts';
import type { MessageType } from '../codec/options.ts';
import { refusalOf } from './admission.ts';
import { bootAnswer } from './boot-answer.ts';
import type { Decision, Inquiry } from './decision.ts';
import { ignored } from './decision.ts';
import { buildBootAck } from './reply.ts';

/**
 * What was asked at the boot server port, 4011 (PXE 2.1 section 2.2.3): a client that has its address already, from
 * whomever, wants the name of its loader. Firmware that takes our offer never comes; EDK2 does that chose an offer with
 * PXEClient and without option 43, and BIOS ROMs do that were shown a menu. No lease is made or changed.
 *
 * The answer goes to the port that was asked from: EDK2 sends from 4011 and listens there, BIOS ROMs on 68.
 */
export function decideBootServer(type: MessageType, inquiry: Inquiry, from: Endpoint): Decision {
  const { client, context } = inquiry;
  const { plan } = context;
  if (type !== 'request') return ignored('not-a-request', `${type.toUpperCase()} is not for the boot server port`);
  if (plan.role === 'looking')
    return ignored('still-looking', `it is not known yet whether another server leases in ${plan.network.name}`);
  const refusal = refusalOf(inquiry);
  if (refusal) return refusal;
  if (client.kind?.client === 'os')
    return ignored('not-a-request', 'the boot server port is for firmware, and a running system asked');
  // Who answers strangers from elsewhere can be made to shout at them in somebody else's name.
  if (from.address === UNSPECIFIED || !isInSubnet(from.address, plan.network.subnet))
    return ignored('no-network', `its address ${from.address} is not in network ${plan.network.name}`);
  const boot = bootAnswer(inquiry);
  if (!boot.ok) return ignored(boot.error.reason, boot.error.because);
  return { reply: buildBootAck(inquiry, boot.value), to: from, changes: [], events: [] };
}
