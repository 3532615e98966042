import { z } from 'zod';
import { COMPLETIONS } from '../model/order.ts';
import { DOCUMENT_NAMES } from '../model/revision.ts';
import { requiresSchema } from './schema-images.ts';
import {
  addressSchema,
  archSchema,
  nameSchema,
  numberSchema,
  plainSchema,
  textSchema,
  varNameSchema,
} from './schema-words.ts';

const cmdlineValueSchema = z.union([
  textSchema,
  z.int(),
  z.literal(true),
  z.array(z.union([textSchema, z.int()])),
  z.null(),
]);
export type CmdlineValue = z.output<typeof cmdlineValueSchema>;

const cmdlineSchema = z.record(z.string(), cmdlineValueSchema);

const documentSchema = z.union([
  textSchema,
  z.strictObject({
    file: z.string().nullish().describe('A file beside the template or below it.'),
    text: textSchema.nullish().describe('The text itself.'),
    from: z.literal('interfaces').nullish().describe('interfaces: Slipway writes it from the interfaces of the slot.'),
    render: z.boolean().nullish().describe('false: handed on untouched, with {{ … }} and @{…} as they are.'),
    secret: z
      .boolean()
      .nullish()
      .describe(
        'true: goes to the machine of the slot alone, while its order or live boot is open. Only here may @{secret.NAME} stand.',
      ),
  }),
  z.null(),
]);
export type DocumentValue = z.output<typeof documentSchema>;

const installSchema = z.strictObject({
  completes: z
    .enum(COMPLETIONS)
    .nullish()
    .describe(
      'What shows that the install is complete. phone-home: cloud-init calls. report: cloud-init reports its last stage. talos-running: Talos says so. api: somebody says so. disk-boot: the machine gets an address as an installed system; not for fixed addresses that it does not ask for.',
    ),
  attempts: numberSchema
    .nullish()
    .describe('How often its configuration may be fetched before a person must look, 1 to 10; 3 if nothing is said.'),
  within: textSchema.nullish().describe('How long an order lasts, from 5m to 7d; 45m if nothing is said.'),
  disk: textSchema.nullish().describe('The disk that the documents name, such as nvme0n1; for people.'),
  wipe: z
    .strictObject({
      cmdline: cmdlineSchema
        .nullish()
        .describe(
          'Words behind `cmdline` in one boot of an order of `slipway reinstall SLOT --wipe`, and in no other: what makes its installer erase the disk, such as `talos.experimental.wipe: system`.',
        ),
    })
    .nullish()
    .describe('How its installer is told to erase the disk first; without it nobody can order that.'),
});
export type InstallDocument = z.output<typeof installSchema>;

const profileSchema = z.strictObject({
  description: z.string().nullish().describe('For people.'),
  extends: z
    .union([nameSchema, z.array(nameSchema)])
    .nullish()
    .describe('Profiles to start from, left to right; what is said here is laid over them, and null deletes.'),
  kind: z
    .enum(['live', 'install'])
    .nullish()
    .describe(
      'live: runs from RAM at every boot and touches no disk. install: needs an order, and ends on the disk. If nothing is said: live.',
    ),
  install: installSchema.nullish().describe('How an install goes; only with `kind: install`.'),
  boots: nameSchema.nullish().describe('The asset that has its kernel and initramfs.'),
  arch: archSchema.nullish().describe('Architecture, where neither hardware nor asset says it.'),
  cmdline: cmdlineSchema
    .nullish()
    .describe('Kernel command line. `key: value`; true: the bare word; a list: the key once for each; null: left out.'),
  documents: z
    .partialRecord(z.enum(DOCUMENT_NAMES), documentSchema)
    .nullish()
    .describe('What the booted system is given: a text, or one of file, text, from.'),
  requires: requiresSchema
    .nullish()
    .describe('What must be here before a machine is started with it; without all of it the profile is not ready.'),
});
export type ProfileDocument = z.output<typeof profileSchema>;
export const profilesSchema = z.record(nameSchema, profileSchema);

const evidence = z.union([textSchema, z.array(textSchema).min(1)]).optional();

const slotSchema = z.strictObject({
  description: z.string().optional().describe('For people.'),
  count: numberSchema.optional().describe('How many slots a name with {n} stands for, 0 to 500.'),
  profile: nameSchema.describe('What it boots.'),
  hardware: nameSchema.optional().describe('The class of hardware that stands here.'),
  match: z
    .array(
      z.strictObject({
        mac: evidence.describe('MAC address, or several of which one is enough.'),
        uuid: evidence.describe('SMBIOS UUID, or several.'),
        serial: evidence.describe('Serial number, or several.'),
      }),
    )
    .default([])
    .describe('Which machine fills it: any one row is enough, and all that a row names must agree.'),
  interfaces: z
    .record(
      nameSchema,
      z.strictObject({
        boot: z.boolean().optional().describe('true for the interface it boots from; needed where there are several.'),
        network: nameSchema.describe('The network it is plugged into.'),
        address: addressSchema.optional().describe('Its fixed address: absolute, or +11 in the subnet.'),
        mac: textSchema.optional().describe('Needed only for interfaces it does not boot from.'),
      }),
    )
    .default({})
    .describe('Its network interfaces, by name.'),
  vars: z.record(varNameSchema, plainSchema).default({}).describe('Used as {{ slot.vars.NAME }} by what it boots.'),
});
export type SlotDocument = z.output<typeof slotSchema>;
export const slotsSchema = z.record(
  z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]*(\{n\})?[a-z0-9-]*)?$/, 'expected a name such as pos-1, or pos-{n} with a count'),
  slotSchema,
);
