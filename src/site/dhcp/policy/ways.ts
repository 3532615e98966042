import type { BootRole, BootWay, OfferShape } from '../../../model/boot-way.ts';
import { loaderWord, TEMPLATE_SHAPES } from '../../../model/boot-way.ts';
import { hardwareOf } from '../../../model/hardware.ts';
import type { HardwareClass } from '../../../model/revision.ts';
import type { Inquiry } from './decision.ts';

/**
 * The ways in which this client may be made to boot, in the order in which they are tried: those of its kind, or what
 * the template says of its class of hardware. Empty: there is none.
 */
export function waysFor({ client, context }: Inquiry, role: BootRole): readonly BootWay[] {
  const { revision } = context.plan;
  const brings = Object.keys(revision.raspberryPi ?? {}).length > 0;
  // What a Raspberry Pi starts, the template brings or nobody does.
  const ways = (client.kind?.ways(role) ?? []).filter(({ shape }) => shape !== 'pi' || brings);
  // Only firmware has a choice; of everybody else the class need not be known.
  if (!client.claim || client.kind?.client !== 'firmware' || ways.length === 0) return ways;
  const { state, now } = context;
  const hardware = hardwareOf(client.claim, state, revision, now);
  return hardware ? overridden(ways, hardware, role) : ways;
}

/** What the class does not say, or what this kind of client does not have, changes nothing. */
export function overridden(
  ways: readonly BootWay[],
  { loader, offer }: Pick<HardwareClass, 'loader' | 'offer'>,
  role: BootRole,
): readonly BootWay[] {
  const named = loader === undefined ? [] : ways.filter((way) => loaderWord(way.loader) === loader);
  const wanted = named.length > 0 ? named : ways;
  // Beside another server an answer without PXEClient is none.
  if (offer === undefined || (offer === 'file' && role === 'proxy')) return wanted;
  if (!wanted.every(({ shape }) => isTemplateShape(shape))) return wanted;
  const loaders = [...new Set(wanted.flatMap((way) => way.loader ?? []))];
  return loaders.map((name) => ({ shape: offer, loader: name }));
}

function isTemplateShape(shape: OfferShape): boolean {
  return TEMPLATE_SHAPES.some((one) => one === shape);
}
