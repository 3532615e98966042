import type { Boot } from '../../../model/boot.ts';
import type { Order } from '../../../model/order.ts';
import type { CmdlineWord, Profile } from '../../../model/revision.ts';

/**
 * The words that make an installer erase the disk first; none unless the order says so. Talos erases and starts the
 * machine again, so that it would go on for ever if it found them at every boot: when a boot had them and its kernel
 * is out whole, no other boot of the order has them.
 * @param boot the machine's newest
 * @param isRetry the loader says that what its last script named could not be started: then nothing is erased yet
 */
export function wipeWords(
  { install }: Profile,
  order: Order,
  boot: Boot | undefined,
  isRetry: boolean,
): readonly CmdlineWord[] {
  if (!order.wipe) return [];
  const isDue = order.wiped === undefined || (isRetry && order.wiped === boot?.id);
  return isDue ? (install?.wipe ?? []) : [];
}
