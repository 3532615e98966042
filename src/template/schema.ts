import { z } from 'zod';
import { LAYERS } from './layers.ts';
import { diskSchema, imagesSchema, wanSchema } from './schema-images.ts';
import {
  admissionSchema,
  assetsSchema,
  hardwareSchema,
  networksSchema,
  raspberryPiSchema,
  secretsSchema,
  unknownMachinesSchema,
  valuesSchema,
  varsSchema,
} from './schema-parts.ts';
import { profilesSchema, slotsSchema } from './schema-slots.ts';
import { nameSchema } from './schema-words.ts';

/**
 * The document as the central team writes it; JSON Schema, validation and the reference page are made from it.
 * A key is here only if it works.
 */
export const templateSchema = z.strictObject({
  apiVersion: z.literal('slipway/v1').describe('The version of this format.'),
  kind: z.literal('SiteTemplate').describe('What this file is.'),
  metadata: z
    .strictObject({
      name: nameSchema.describe('Name of the template; lower layers carry the same name.'),
      layer: z
        .enum(LAYERS)
        .default('site')
        .describe(
          'Which layer this file is. Given from wide to narrow, a later file changes what an earlier one says: maps merge, lists replace, null deletes.',
        ),
      description: z.string().optional().describe('For people.'),
    })
    .describe('What the file is called and where it stands.'),
  spec: z
    .strictObject({
      vars: varsSchema
        .default({})
        .describe('What differs from site to site. Used as {{ vars.NAME }}; values come from `vars` of the site file.'),
      values: valuesSchema
        .default({})
        .describe(
          'Values of variables by name, mostly in the layer of a group or a site. They go before the defaults, and `vars` of a site file before them.',
        ),
      secrets: secretsSchema
        .default({})
        .describe(
          'Values that only secret documents may hold, as @{secret.NAME}. Each site has a value of its own, by `slipway secret set NAME` or in a file that its site file names.',
        ),
      networks: networksSchema.default({}).describe('The networks of the site, by name.'),
      hardware: hardwareSchema.default({}).describe('Classes of hardware, by name; the first that matches counts.'),
      assets: assetsSchema.default({}).describe('Kernels and initramfs files, by name and architecture.'),
      raspberryPi: raspberryPiSchema
        .default({})
        .describe(
          'The files that a Raspberry Pi asks for by TFTP, by name: start4.elf, fixup4.dat, config.txt, … Without any, it is not answered.',
        ),
      profiles: profilesSchema.default({}).describe('What slots boot, by name.'),
      slots: slotsSchema
        .default({})
        .describe('The named places that machines fill. `pos-{n}` with a count stands for pos-1, pos-2, …'),
      unknownMachines: unknownMachinesSchema
        // biome-ignore lint/suspicious/noThenProperty: a word of the template; the value is never awaited
        .default({ for: '5m', then: 'local-disk', ignore: [] })
        .describe('What happens to a machine that fills no slot.'),
      admission: admissionSchema
        .optional()
        .describe(
          'Where many machines start at once, the others wait at their scripts, first come, first served, for eight minutes at most. Without it 16 fetch at once.',
        ),
      images: imagesSchema.optional().describe('Container images: which registries are mirrored, and what is wanted.'),
      wan: wanSchema.optional().describe('How the line to the outside is shared.'),
      disk: diskSchema.optional().describe('How much of the disk may be taken.'),
    })
    .describe('The template itself.'),
});

export type TemplateDocument = z.output<typeof templateSchema>;

/** The header that every layer must carry by itself. */
export const headerSchema = templateSchema.pick({ apiVersion: true, kind: true, metadata: true });

/** JSON Schema (draft 2020-12) of what may be written, for editors. */
export function templateJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(templateSchema, { io: 'input' });
  return { $id: 'https://slipway.example/schema/site-template.v1.json', title: 'Slipway site template', ...schema };
}
