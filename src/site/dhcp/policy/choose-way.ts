import type { BootRole, BootWay } from '../../../model/boot-way.ts';
import type { Client } from './client.ts';

/** The way in which this client is made to boot; undefined if there is none for its kind. */
export function chooseWay({ kind }: Client, role: BootRole): BootWay | undefined {
  return kind?.ways(role)[0];
}
