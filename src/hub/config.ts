import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../kernel/errors.ts';
import type { Result } from '../kernel/result.ts';
import { err, ok } from '../kernel/result.ts';
import { parseYaml } from '../template/document.ts';
import { Problems } from '../template/places.ts';
import { formatProblem, sortProblems } from '../template/problem.ts';
import { validate } from '../template/validate.ts';

const name = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, 'expected lower-case letters, digits and hyphens, such as head-office')
  .max(63);
const absolute = z.string().startsWith('/', 'expected an absolute path');
const file = z.string().min(1);

/** `ADDRESS:PORT`; an IPv6 address stands in square brackets. */
const place = z
  .string()
  .regex(/^(\[[0-9a-f:.]+\]|[^\s:[\]]+):\d{1,5}$/i, 'expected an address and a port, such as 0.0.0.0:8443')
  .refine((text) => portOf(text) <= 65_535, 'expected a port of at most 65535');

const link = z.strictObject({
  listen: place.default('0.0.0.0:8443').describe('Where sites reach the hub: address and TCP port of this machine.'),
  url: z
    .string()
    .regex(/^https:\/\/[^/\s]+$/, 'expected an address as sites use it, such as https://hub.example.com:8443')
    .describe('Where sites find the hub; it stands in each invite, and the certificate of the hub is for its name.'),
  hosts: z
    .array(z.string().min(1))
    .default([])
    .describe('More names and addresses that sites may use; the certificate is for them, too.'),
});

const admin = z.strictObject({
  listen: place.default('127.0.0.1:8440').describe('Where people and programs reach the admin API and the fleet page.'),
  names: z.array(z.string().min(1)).default([]).describe('Names by which browsers open it, beside its addresses.'),
  tls: z
    .strictObject({
      cert: file.describe('Certificate and what stands above it, PEM.'),
      key: file.describe('Its key, PEM.'),
    })
    .optional()
    .describe('TLS of the admin port; needed where it listens to a network. Files relative to this one.'),
});

/** The hub's own file: only what the machine must know about itself. */
export const hubConfigSchema = z.strictObject({
  hub: name.describe('Name of this head office.'),
  dataDir: absolute.default('/var/lib/slipway-hub').describe('Where sites, events, revisions and keys are kept.'),
  runtimeDir: absolute.default('/run/slipway-hub').describe('Where the socket for the other commands lies.'),
  link: link.describe('The port for sites.'),
  admin: admin.prefault({}).describe('The port for people.'),
  releaseKeys: z
    .array(file)
    .default([])
    .describe(
      'Files with the sets of release keys, from the first on, relative to this file; see `slipway template keys`.',
    ),
});

/** A hub file that was read. */
export type HubConfig = z.output<typeof hubConfigSchema>;

/**
 * Reads the text of a hub file; `path` is what errors call it. Fails with `config-invalid`, whose message has a line
 * `file:line:column path: what is wrong` for each thing that is.
 */
export function parseHubConfig(text: string, path: string): Result<HubConfig, AppError> {
  const parsed = parseYaml({ name: path, text });
  if (!parsed.ok) return err(invalid(parsed.error.map(formatProblem)));
  const problems = new Problems(parsed.value.spots, path);
  const config = validate(hubConfigSchema, parsed.value.value, problems);
  return config ? ok(config) : err(invalid(sortProblems(problems.list).map(formatProblem)));
}

/** The database of a hub; what belongs to it lies in the same directory. */
export function databaseOf({ dataDir }: Pick<HubConfig, 'dataDir'>): string {
  return join(dataDir, 'hub.db');
}

/** `ADDRESS:PORT` as two values. */
export function placeOf(text: string): { readonly address: string; readonly port: number } {
  return { address: text.slice(0, text.lastIndexOf(':')).replace(/^\[|\]$/g, ''), port: portOf(text) };
}

function portOf(text: string): number {
  return Number(text.slice(text.lastIndexOf(':') + 1));
}

function invalid(lines: readonly string[]): AppError {
  return new AppError('config-invalid', lines.join('\n'));
}
