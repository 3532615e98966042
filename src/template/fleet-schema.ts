import { z } from 'zod';
import { nameSchema } from './schema-words.ts';

const labelSchema = z
  .string()
  .regex(/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/, 'expected letters, digits, dots, hyphens and underscores')
  .max(63);

/** `fleet.yaml`: which sites there are, and which layers each of them has. */
export const fleetSchema = z.strictObject({
  apiVersion: z.literal('slipway/v1').describe('The version of this format.'),
  kind: z.literal('Fleet').describe('What this file is.'),
  name: nameSchema.describe('Name of the fleet.'),
  description: z.string().optional().describe('For people.'),
  sites: z
    .record(
      nameSchema,
      z.strictObject({
        groups: z
          .array(nameSchema)
          .default([])
          .describe(
            'Layers between the fleet and the site, `groups/NAME.yaml`; a later one changes what an earlier one says.',
          ),
        labels: z
          .record(labelSchema, labelSchema)
          .default({})
          .describe('What publications and plans choose sites by: `--sites region=eu,tier=1`.'),
      }),
    )
    .describe('The sites, by name. Each has a layer of its own, `sites/NAME.yaml`.'),
});

export type FleetDocument = z.output<typeof fleetSchema>;

/** JSON Schema (draft 2020-12) of `fleet.yaml`, for editors. */
export function fleetJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(fleetSchema, { io: 'input' });
  return { $id: 'https://slipway.example/schema/fleet.v1.json', title: 'Slipway fleet', ...schema };
}
