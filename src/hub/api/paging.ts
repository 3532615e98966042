import { z } from 'zod';
import type { FleetPage } from '../../wire/api/fleet-queries.ts';

/** `offset` and `limit` of a list. */
export const pageQuery = {
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(500).default(100),
};

/** The wanted page of these rows. */
export function pageOf<Row>(
  rows: readonly Row[],
  { offset, limit }: { offset: number; limit: number },
): FleetPage<Row> {
  return { total: rows.length, rows: rows.slice(offset, offset + limit) };
}

/** The number behind the letter of ids such as `p17` and `r3`: the order in which they were made. */
export function idNumber(id: string): number {
  return Number(id.slice(1));
}
