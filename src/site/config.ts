import { z } from 'zod';
import { parseDuration } from '../kernel/duration.ts';
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

/** Ten minutes show whether machines boot by a revision. */
const TRIAL = '10m';

/** A site that head office steers. */
const hubSettings = z.strictObject({
  url: z
    .string()
    .regex(
      /^https:\/\/[^\s/?#@]+$/,
      'expected the address of head office and nothing behind it, such as https://hub.example.com:8443',
    )
    .describe('Where head office is reached, such as `https://hub.example.com:8443`.'),
  code: z
    .string()
    .min(1)
    .optional()
    .describe(
      'The one-time code of the invite; `slipway join CODE` gives it as well. Not needed any more once it was used.',
    ),
  inspectionCa: z
    .string()
    .min(1)
    .optional()
    .describe(
      'PEM file with the certificate authority of a proxy that opens TLS, relative to this file. What head office says is proved all the same.',
    ),
  setClock: z
    .boolean()
    .default(false)
    .describe("Whether the clock of the machine is set by head office's signed time; false: only Slipway goes by it."),
  trial: z
    .string()
    .refine((text) => (parseDuration(text) ?? 0) > 0, 'expected a time such as 90s, 10m or 2h')
    .default(TRIAL)
    .describe('How long a revision is tried before it counts as good.'),
});

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
      registry: port
        .default(5000)
        .describe('TCP port of the registry, while the template mirrors images; it is at that of HTTP, too.'),
      tftp: port.default(69).describe('UDP port of the TFTP server.'),
    })
    .default({ http: 80, registry: 5000, tftp: 69 })
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
  template: z
    .string()
    .min(1)
    .optional()
    .describe('The site template, relative to this file; a standalone site has one.'),
  hub: hubSettings.optional().describe('Head office, which steers this site; instead of `template`.'),
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

export const siteConfigSchema = siteFile.superRefine(({ page, interfaces, template, hub, vars }, context) => {
  const refuse = (path: string[], message: string): void => context.addIssue({ code: 'custom', path, message });
  if (hub && template !== undefined)
    refuse(['template'], 'head office sends this site its template (`hub`): take one of the two out');
  if (!hub && template === undefined)
    refuse([], '"template" is missing: expected text, or `hub` for a site that head office steers');
  if (hub && Object.keys(vars).length > 0)
    refuse(['vars'], 'head office gives the variables their values (`hub`): take them out');
  const served = Object.values(interfaces);
  for (const [index, wanted] of (page?.listen ?? []).entries())
    if (!served.includes(wanted))
      context.addIssue({
        code: 'custom',
        path: ['page', 'listen', index],
        message: `expected one of the interfaces that this site serves: ${served.join(', ')}`,
      });
});

/** A site file that was read: it has either `template` or `hub`. `varAt` says where a variable is given, for problems of the template. */
export type SiteConfig = z.output<typeof siteConfigSchema> & { readonly varAt: (name: string) => Place | undefined };

/** Of a site that makes its own revisions. */
export type StandaloneConfig = SiteConfig & { readonly template: string };
export type HubSettings = z.output<typeof hubSettings>;

export function isStandalone(config: SiteConfig): config is StandaloneConfig {
  return config.template !== undefined;
}

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
