import type { FleetHardware } from './hub-rows.ts';

const MOST_CHARS = 200;

/** A word that a box says of itself, as long as head office keeps one: each site has rows of them, and all of them are in memory. */
export function shortText(text: string): string {
  return text.slice(0, MOST_CHARS);
}

/** What a box says that it is made of; nothing said is empty. */
export function shortHardware(said: FleetHardware | undefined): FleetHardware {
  const { machineId = '', manufacturer = '', product = '', serial = '' } = said ?? {};
  return {
    machineId: shortText(machineId),
    manufacturer: shortText(manufacturer),
    product: shortText(product),
    serial: shortText(serial),
  };
}
