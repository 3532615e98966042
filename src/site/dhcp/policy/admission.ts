import { matchesMac } from '../../../kernel/mac.ts';
import { findSlot } from '../../../model/identity.ts';
import { holderOf } from './client.ts';
import type { Decision, Inquiry } from './decision.ts';
import { ignored } from './decision.ts';

/** Why the site leaves this client alone; undefined if it does not. */
export function refusalOf({ client, context }: Inquiry): Decision | undefined {
  const { unknownMachines } = context.plan.revision;
  const pattern = unknownMachines.ignore.find((candidate) => matchesMac(candidate, client.mac));
  if (pattern !== undefined) return ignored('pattern', `the template says to leave ${pattern} alone`);
  const boots = holderOf(client) !== 'os';
  if (!boots || unknownMachines.action !== 'ignore') return undefined;
  const { state, plan, now } = context;
  const known = client.claim && findSlot(client.claim, state, plan.revision, now).kind !== 'none';
  return known
    ? undefined
    : ignored('unknown-machine', 'it fits no slot, and the template says to ignore such machines');
}
