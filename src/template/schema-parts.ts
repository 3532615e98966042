import { z } from 'zod';
import { HARDWARE_LOADERS, TEMPLATE_SHAPES } from '../model/boot-way.ts';
import { NETWORK_MODES } from '../model/network.ts';
import {
  addressSchema,
  archSchema,
  nameSchema,
  numberSchema,
  plainSchema,
  textSchema,
  varNameSchema,
} from './schema-words.ts';

export const VAR_TYPES = ['string', 'int', 'bool', 'cidr', 'ip', 'mac', 'duration', 'list'] as const;

const varValueSchema = z.union([plainSchema, z.array(textSchema)]);

const varSchema = z.strictObject({
  type: z
    .enum(VAR_TYPES)
    .describe('What a value must be. cidr: 10.0.0.0/24. duration: 90s, 5m, 2h. list: several texts.'),
  default: varValueSchema.optional().describe('The value for sites that give none.'),
  required: z.boolean().optional().describe('true: each site must give a value.'),
  example: varValueSchema
    .optional()
    .describe('The value that `template lint` uses for a required variable when no site file is given.'),
  description: z.string().optional().describe('For people.'),
  min: z.int().optional().describe('Smallest value of an int, or fewest items of a list.'),
  max: z.int().optional().describe('Largest value of an int, or most items of a list.'),
  pattern: z
    .string()
    .max(200)
    .optional()
    .describe('Regular expression that the whole text, or each item of a list, must match.'),
  values: z.array(plainSchema).min(1).optional().describe('The only values allowed.'),
});
export type VarDeclaration = z.output<typeof varSchema>;
export const varsSchema = z.record(varNameSchema, varSchema);
export const valuesSchema = z.record(varNameSchema, varValueSchema);

export const secretsSchema = z.record(
  varNameSchema,
  z.strictObject({
    scope: z.literal('site').default('site').describe('Whose it is: each site has a value of its own.'),
    description: z.string().optional().describe('For people.'),
  }),
);

const optionSchema = z.union([
  textSchema,
  z.int(),
  z.array(textSchema),
  z.strictObject({
    hex: textSchema.optional().describe('Bytes in hex, such as 0a0b0c.'),
    text: textSchema.optional().describe('Text in ASCII.'),
    ips: z.array(textSchema).optional().describe('IPv4 addresses.'),
    uint8: z.int().optional().describe('A number of one byte.'),
    uint16: z.int().optional().describe('A number of two bytes.'),
    uint32: z.int().optional().describe('A number of four bytes.'),
  }),
]);
export type OptionValue = z.output<typeof optionSchema>;

const networkSchema = z.strictObject({
  mode: z
    .enum(NETWORK_MODES)
    .default('authoritative')
    .describe(
      'Who leases the addresses. authoritative: Slipway is the only DHCP server. proxy: another server leases, Slipway only adds the boot. auto: the site looks once whether there is another server.',
    ),
  via: nameSchema
    .optional()
    .describe(
      'The network that the site stands in, where the machines of this one are behind a relay: this network then needs no interface in the site file.',
    ),
  relays: z
    .array(addressSchema)
    .default([])
    .describe(
      'The relays that may speak for this network. Empty: with `via` any with an address in it, or in the other; without it none.',
    ),
  otherServers: z
    .array(textSchema)
    .default([])
    .describe('DHCP servers that belong here, by IPv4 or MAC address: no alarm is made of them.'),
  subnet: textSchema.describe('Such as 10.0.0.0/24; from /8 to /30.'),
  router: addressSchema.optional().describe('Default gateway: an address, or +1 for the first of the subnet.'),
  dns: z.array(addressSchema).default([]).describe('Name servers, addresses or offsets.'),
  ntp: z
    .array(addressSchema)
    .default([])
    .describe(
      'Time servers: addresses, offsets, or `site` for the appliance itself, which is offered while an NTP server answers there.',
    ),
  domain: textSchema.optional().describe('Domain name of the nodes.'),
  mtu: numberSchema.optional().describe('Largest packet in bytes, 576 to 9216.'),
  sharedMacs: z
    .array(textSchema)
    .default([])
    .describe(
      'MAC patterns of network cards that go from machine to machine, such as docks: 00:50:b6:*. They name nobody; option 61 tells the machines apart.',
    ),
  pool: textSchema
    .optional()
    .describe('Addresses for machines without a fixed one: "+100..+199" or "10.0.0.100..10.0.0.199".'),
  lease: z
    .strictObject({
      firmware: textSchema.default('5m').describe('For firmware and loaders, which leave a minute later.'),
      os: textSchema.default('30m').describe('For operating systems.'),
    })
    .optional()
    .describe('How long leases last, from 1m to 30d.'),
  options: z
    .record(z.string(), optionSchema)
    .default({})
    .describe(
      'Other DHCP options, by name with a plain value, or by number with hex, text, ips, uint8, uint16 or uint32.',
    ),
});
export type NetworkDocument = z.output<typeof networkSchema>;
export const networksSchema = z.record(nameSchema, networkSchema);

const hardwareClassSchema = z.strictObject({
  match: z
    .strictObject({
      manufacturer: textSchema.optional().describe('Maker in SMBIOS; * stands for any text.'),
      product: textSchema.optional().describe('Model in SMBIOS; * stands for any text.'),
      mac: textSchema
        .optional()
        .describe('MAC address or the beginning of one, such as 00:1b:21:*. Known from the first packet on.'),
    })
    .describe('All that is named must match.'),
  arch: archSchema.describe('Architecture of the machine.'),
  loader: z
    .enum(HARDWARE_LOADERS)
    .optional()
    .describe(
      'The loader that this hardware is given, where its kind of firmware has it: ipxe uses the drivers of the firmware, ipxe-drivers brings its own, grub and shim are signed by Debian. By default what its kind is given first.',
    ),
  offer: z
    .enum(TEMPLATE_SHAPES)
    .optional()
    .describe(
      'The form of the DHCP answer, where this firmware takes no other: file names the loader and nothing else, no-menu adds PXEClient and option 43, ask-boot-server sends it to port 4011, plain-file leaves options 66 and 67 out. By default what its kind takes.',
    ),
  localBoot: z
    .enum(['exit', 'sanboot'])
    .default('exit')
    .describe(
      'How it is sent to its own disk: exit gives control back to the firmware, sanboot boots the first disk by BIOS call.',
    ),
  vars: z
    .record(varNameSchema, plainSchema)
    .default({})
    .describe('Used as {{ hardware.vars.NAME }} by what its slots boot.'),
});
export type HardwareDocument = z.output<typeof hardwareClassSchema>;
export const hardwareSchema = z.record(nameSchema, hardwareClassSchema);

const fileSchema = z.strictObject({
  source: textSchema
    .optional()
    .describe('Where it is fetched: https://…, http://…, file:///… or debian:PACKAGE/path/in/it.'),
  sources: z.array(textSchema).min(1).optional().describe('Several places, tried in order, instead of `source`.'),
  sha256: textSchema.describe('64 hex digits. Other bytes are never served.'),
  name: textSchema
    .optional()
    .describe('File name that the machine sees; by default the last part of the first source.'),
});
export type FileDocument = z.output<typeof fileSchema>;

const bootFilesSchema = z.strictObject({
  kernel: fileSchema.describe('The kernel.'),
  initrds: z.array(fileSchema).default([]).describe('Initramfs files, in the order in which they are unpacked.'),
});
export const assetsSchema = z.record(
  nameSchema,
  z.strictObject({
    amd64: bootFilesSchema.optional().describe('For 64-bit PCs.'),
    arm64: bootFilesSchema.optional().describe('For 64-bit ARM.'),
  }),
);

/** Names as the firmware asks for them, folders included. */
export const raspberryPiSchema = z.record(
  z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._+-]*(\/[A-Za-z0-9._+-]+)*$/),
  fileSchema,
);

export const admissionSchema = z.strictObject({
  starts: numberSchema.describe('How many machines fetch kernel and initramfs at once, 1 to 1000.'),
});

export const unknownMachinesSchema = z.strictObject({
  action: z
    .enum(['hold', 'ignore'])
    .optional()
    .describe(
      'hold: show a code and wait. ignore: no boot answer at all. Without it they are held, but ignored in networks where another server leases.',
    ),
  for: textSchema.default('5m').describe('How long a held machine waits.'),
  // biome-ignore lint/suspicious/noThenProperty: a word of the template; the value is never awaited
  then: z.literal('local-disk').default('local-disk').describe('What a held machine does after its time.'),
  ignore: z.array(textSchema).default([]).describe('MAC patterns that are never answered, such as 00:11:22:*.'),
});
