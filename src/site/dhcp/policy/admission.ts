import { matchesMac } from '../../../kernel/mac.ts';
import { findSlot } from '../../../model/identity.ts';
import { ignoresUnknown } from '../../../model/revision.ts';
import { holderOf } from './client.ts';
import type { Decision, Inquiry } from './decision.ts';
import { ignored } from './decision.ts';

/** Why the site leaves this client alone; undefined if it does not. */
export function refusalOf({ client, context }: Inquiry): Decision | undefined {
  const { unknownMachines } = context.plan.revision;
  const pattern = unknownMachines.ignore.find((candidate) => matchesMac(candidate, client.mac));
  if (pattern !== undefined) return ignored('pattern', `the template says to leave ${pattern} alone`);
  const boots = holderOf(client) !== 'os';
  const { state, plan, now } = context;
  if (!boots || !ignoresUnknown(unknownMachines, plan.role)) return undefined;
  const known = client.claim && findSlot(client.claim, state, plan.revision, now).kind !== 'none';
  if (known) return undefined;
  const because =
    unknownMachines.action === 'ignore'
      ? 'it fits no slot, and the template says to ignore such machines'
      : `it fits no slot, and another server leases in network ${plan.network.name}: such machines are left alone unless the template says \`action: hold\``;
  return ignored('unknown-machine', because);
}
