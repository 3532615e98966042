import type { MacAddress } from '../kernel/mac.ts';
import { matchesMac } from '../kernel/mac.ts';
import { matchesPattern } from '../kernel/pattern.ts';
import { findMachine, findSlot } from './identity.ts';
import type { Claim } from './machine.ts';
import { evidenceOf, macsOf } from './machine.ts';
import type { HardwareClass, Revision } from './revision.ts';
import type { SiteState } from './store.ts';

/** What is known of a machine, as far as a class of hardware can ask for it. */
export type HardwareTraits = {
  readonly macs: readonly MacAddress[];
  readonly manufacturer?: string | undefined;
  readonly product?: string | undefined;
};

/** The first class whose patterns all fit; a class without patterns fits nothing. */
export function findHardware(classes: readonly HardwareClass[], said: HardwareTraits): HardwareClass | undefined {
  return classes.find(({ match: { mac, manufacturer, product } }) => {
    if (mac === undefined && manufacturer === undefined && product === undefined) return false;
    const isOurs = mac === undefined || said.macs.some((one) => matchesMac(mac, one));
    return isOurs && fits(manufacturer, said.manufacturer) && fits(product, said.product);
  });
}

/**
 * The class of a machine before it says more than its MAC: by what it said in earlier boots, else the one that its slot
 * expects. Hardware is what it is: what the machine itself fits goes first.
 */
export function hardwareOf(claim: Claim, state: SiteState, revision: Revision, now: number): HardwareClass | undefined {
  if (revision.hardware.length === 0) return undefined;
  const machine = findMachine(claim, state, now);
  const macs = [claim.mac, ...(machine ? macsOf(machine) : [])];
  const manufacturer = claim.manufacturer ?? (machine && evidenceOf(machine, 'manufacturer'));
  const product = claim.product ?? (machine && evidenceOf(machine, 'product'));
  const own = findHardware(revision.hardware, { macs, manufacturer, product });
  if (own) return own;
  const answer = findSlot(claim, state, revision, now);
  const expected = answer.kind === 'slot' ? answer.slot.hardware : undefined;
  return revision.hardware.find(({ name }) => name === expected);
}

function fits(pattern: string | undefined, text: string | undefined): boolean {
  return pattern === undefined || (text !== undefined && matchesPattern(pattern, text.trim()));
}
