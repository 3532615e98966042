import { readFile } from 'node:fs/promises';
import type { FleetHardware } from '../../model/fleet/hub-rows.ts';

/** What this machine says of itself, for people who look for it; empty where it says nothing, or not to us. */
export async function readHardware(): Promise<FleetHardware> {
  const [machineId, manufacturer, product, serial] = await Promise.all(
    [
      '/etc/machine-id',
      ...['sys_vendor', 'product_name', 'product_serial'].map((name) => `/sys/class/dmi/id/${name}`),
    ].map((path) => readFile(path, 'utf8').then(oneLine, () => '')),
  );
  return { machineId: machineId ?? '', manufacturer: manufacturer ?? '', product: product ?? '', serial: serial ?? '' };
}

function oneLine(text: string): string {
  return text.trim().slice(0, 128);
}
