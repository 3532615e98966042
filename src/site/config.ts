import { z } from 'zod';
import { AppError } from '../kernel/errors.ts';
import type { Result } from '../kernel/result.ts';
import { err, ok } from '../kernel/result.ts';
import { parseYaml } from '../template/document.ts';
import { Problems } from '../template/places.ts';
import { formatProblem, type Place, sortProblems } from '../template/problem.ts';
import { validate } from '../template/validate.ts';

const port = z.int().min(1).max(65535);
const name = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, 'expected lower-case letters, digits and hyphens, such as store-0417');

const device = z.string().regex(/^[^\s/]{1,15}$/, 'expected the name of a network interface, such as eth0');

/** The site's own file: only what the box must know about itself. */
const siteFile = z.strictObject({
  site: name.max(63).describe('Name of this site.'),
  interfaces: z
    .record(name, device)
    .refine((interfaces) => Object.keys(interfaces).length > 0, 'expected at least one network')
    .describe('Which network of the template is on which network interface of this machine.'),
  dataDir: z
    .string()
    .startsWith('/', 'expected an absolute path')
    .default('/var/lib/slipway')
    .describe('Where leases, nodes and files are kept.'),
  runtimeDir: z
    .string()
    .startsWith('/', 'expected an absolute path')
    .default('/run/slipway')
    .describe('Where the socket for the other commands lies.'),
  ports: z
    .strictObject({
      http: port.default(80).describe('TCP port of the HTTP server.'),
      tftp: port.default(69).describe('UDP port of the TFTP server.'),
    })
    .default({ http: 80, tftp: 69 })
    .describe('Ports. DHCP always has 67.'),
  page: z
    .strictObject({ listen: z.array(device) })
    .optional()
    .describe("Network interfaces on which the technician's page is shown; missing: all that the site serves."),
  pinFile: z
    .string()
    .startsWith('/', 'expected an absolute path')
    .optional()
    .describe(
      'File with the PIN for commands over the network; without it the site takes commands on its own terminal only.',
    ),
  signals: z
    .strictObject({
      kernelLog: port
        .optional()
        .describe('TCP and UDP port for the kernel logs of Talos machines (`talos.logging.kernel`); missing: off.'),
      eventSink: port
        .optional()
        .describe('TCP port for the events of Talos machines (`talos.events.sink`); missing: off.'),
    })
    .default({})
    .describe('What booted systems may tell by themselves, and at which ports.'),
  template: z.string().min(1).describe('The site template, relative to this file.'),
  vars: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]))
    .default({})
    .describe('Values for the variables of the template.'),
  secrets: z
    .record(
      z.string().regex(/^[A-Za-z][A-Za-z0-9_]*$/, 'expected letters, digits and underscores, such as joinToken'),
      z.strictObject({
        file: z
          .string()
          .min(1)
          .describe('The file that has the value, relative to this file; only its owner may read it.'),
      }),
    )
    .default({})
    .describe(
      'Where secrets of the template lie in files; they go before those of `slipway secret set`, and are read when a machine is given them.',
    ),
});

export const siteConfigSchema = siteFile.superRefine(({ page, interfaces }, context) => {
  const served = Object.values(interfaces);
  for (const [index, wanted] of (page?.listen ?? []).entries())
    if (!served.includes(wanted))
      context.addIssue({
        code: 'custom',
        path: ['page', 'listen', index],
        message: `expected one of the interfaces that this site serves: ${served.join(', ')}`,
      });
});

/** A site file that was read. `varAt` says where a variable is given, for problems of the template. */
export type SiteConfig = z.output<typeof siteConfigSchema> & { readonly varAt: (name: string) => Place | undefined };

/**
 * Reads the text of a site file; `file` is what errors call it. Fails with `config-invalid`, whose message has a line
 * `file:line:column path: what is wrong` for each thing that is.
 */
export function parseSiteConfig(text: string, file: string): Result<SiteConfig, AppError> {
  const parsed = parseYaml({ name: file, text });
  if (!parsed.ok) return err(invalid(parsed.error.map(formatProblem)));
  const { value, spots } = parsed.value;
  const problems = new Problems(spots, file);
  const config = validate(siteConfigSchema, value, problems);
  if (!config) return err(invalid(sortProblems(problems.list).map(formatProblem)));
  return ok({ ...config, varAt: (name) => spots.valueAt(['vars', name]) });
}

function invalid(lines: readonly string[]): AppError {
  return new AppError('config-invalid', lines.join('\n'));
}
