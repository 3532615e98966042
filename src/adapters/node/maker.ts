import { readFile } from 'node:fs/promises';
import type { MacAddress } from '../../kernel/mac.ts';

/** The list of IEEE as systemd brings it; Debian has it in the package udev. */
const LIST = '/usr/lib/udev/hwdb.d/20-OUI.hwdb';

/**
 * Who made a card, by the first half of its address; undefined for one that is made up, as of virtual machines, and
 * where this machine has no list. Reads the whole list, some megabytes, and is asked seldom.
 */
export async function makerOf(mac: MacAddress, path = LIST): Promise<string | undefined> {
  const text = await readFile(path, 'latin1').catch(() => '');
  const prefix = mac.replaceAll(':', '').slice(0, 6).toUpperCase();
  return new RegExp(`^OUI:${prefix}\\*\\n ID_OUI_FROM_DATABASE=(.*)$`, 'm').exec(text)?.[1];
}
