import type { Boot } from '../../../model/boot.ts';
import type { Order } from '../../../model/order.ts';
import type { Context } from './context.ts';
import { planOf, stepOrder } from './track-order.ts';

/**
 * A file of a boot went out whole: the kernel, or one of those that are fetched behind it. If its command line has the
 * words that erase the disk, this was the wipe of its order. Who is killed before this is on the disk forgets it, and
 * the disk is erased once more; remembered any sooner, an order whose kernel never arrived would erase nothing.
 * @param order the one that the boot installs under
 */
export function noteWipe(context: Context, boot: Boot, order: Order, at: number): void {
  if (!hasWords(context, boot, order)) return;
  if (stepOrder(context, order, 'wiped', { at, boot: boot.id }) === order) return;
  context.draft.putBoot({ ...boot, order: order.id, wipes: true });
}

function hasWords(context: Context, boot: Boot, order: Order): boolean {
  if (boot.order !== undefined) return boot.order === order.id && boot.wipes === true;
  // Its script was lost when the site was killed: it was the one that this order gives.
  return planOf(context, order, boot)?.wipe !== undefined;
}
