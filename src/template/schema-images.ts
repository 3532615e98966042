import { z } from 'zod';
import { nameSchema, textSchema, varNameSchema } from './schema-words.ts';

const upstreamSchema = z.strictObject({
  url: textSchema
    .optional()
    .describe('Where it is reached; by default https:// and its name. Another Slipway can be one.'),
  credentials: z
    .strictObject({
      user: textSchema.describe('The name to log in with.'),
      secret: varNameSchema.describe('The secret that holds the password or token.'),
    })
    .optional()
    .describe('What the site logs in with; without it as anybody.'),
  repositories: z
    .array(textSchema)
    .min(1)
    .default(['*'])
    .describe('What may be pulled: names, in which * stands for any text. All else does not exist here.'),
  access: z
    .enum(['anyone', 'known-machines'])
    .optional()
    .describe(
      'Who may pull: anyone who reaches the site, or only machines that fill a slot. By default known-machines where there are credentials, else anyone.',
    ),
  default: z
    .literal(true)
    .optional()
    .describe('The registry that is meant where a client names none, as dockerd does; by default docker.io.'),
  tokenHosts: z
    .array(textSchema)
    .default([])
    .describe('Hosts, besides those of its own domain, that it may send the site to for a token.'),
  ca: textSchema.optional().describe('Certificate authorities in PEM, where it is not known to the world.'),
});
export type UpstreamDocument = z.output<typeof upstreamSchema>;

const wantedSchema = z.strictObject({
  ref: textSchema.describe('The image, such as registry.example.com/pos/app:1.4, by tag or by digest.'),
  platforms: z
    .array(textSchema)
    .default(['linux/amd64'])
    .describe('Which platforms of it; an empty list stands for all.'),
  referrers: z.boolean().default(true).describe('Whether signatures and attestations of it are fetched, too.'),
});

export const imagesSchema = z.strictObject({
  upstreams: z
    .record(z.string(), upstreamSchema)
    .default({})
    .describe(
      'The registries that are mirrored, by the host that image names have: docker.io, registry.example.com:5000.',
    ),
  wanted: z
    .record(nameSchema, wantedSchema)
    .default({})
    .describe('Images that the site fetches before anybody asks for them, and keeps.'),
  tagsFreshFor: textSchema
    .default('15m')
    .describe('How long the site knows what a tag means before it asks again, from 10s to 7d.'),
});
export type ImagesDocument = z.output<typeof imagesSchema>;

const rateSchema = textSchema.describe('All downloads together, such as 20Mbit; by default as fast as the line is.');

export const wanSchema = z.strictObject({
  rate: rateSchema.optional(),
  timeZone: textSchema.default('UTC').describe('The time zone of the store, such as Europe/Berlin.'),
  windows: z
    .record(
      nameSchema,
      z.strictObject({
        days: z
          .array(z.enum(['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']))
          .min(1)
          .optional()
          .describe('The days on which it begins; by default all.'),
        from: textSchema.describe('When it begins, such as 22:00, by the clock of the store.'),
        to: textSchema.describe('When it ends, such as 06:00; not after its begin: on the next day.'),
        rate: rateSchema.optional(),
        prefetch: z.boolean().default(true).describe('false: what nobody waits for is not fetched in it.'),
      }),
    )
    .default({})
    .describe('Times with rules of their own; the first that holds the moment counts.'),
  spread: textSchema
    .default('10m')
    .describe(
      'Over how long a time sites begin to fetch what a new revision wants, each at a moment of its own; from 0s to 7d.',
    ),
  monthly: textSchema
    .optional()
    .describe(
      'What may be prefetched in a month, such as 200GB; what machines and clients wait for goes on beyond it.',
    ),
});
export type WanDocument = z.output<typeof wanSchema>;

export const diskSchema = z.strictObject({
  maxBytes: textSchema.describe('How much files and images may take, such as 200GB.'),
});
export type DiskDocument = z.output<typeof diskSchema>;

export const requiresSchema = z.strictObject({
  images: z
    .array(nameSchema)
    .nullish()
    .describe('Wanted images, by name, that must be here whole before a machine is started with this profile.'),
});
export type RequiresDocument = z.output<typeof requiresSchema>;
