import { readPrivateText } from '../adapters/node/release-keys.ts';
import { AppError } from '../kernel/errors.ts';
import { parseYaml } from '../template/document.ts';
import { formatProblem } from '../template/problem.ts';

/** Values of secrets in clear, as they lie in a file that only its owner may read: for all sites, and for single ones. */
export type SecretValues = {
  /** undefined: the file has none for this site. */
  valueOf(site: string, name: string): string | undefined;
  readonly names: readonly string[];
};

/**
 * Reads the file: YAML with `all: { NAME: VALUE }` and `sites: { SITE: { NAME: VALUE } }`.
 * @throws AppError `usage-invalid`, which never has a value in it
 */
export async function readSecretsFile(path: string): Promise<SecretValues> {
  const parsed = parseYaml({ name: path, text: await readPrivateText(path) });
  if (!parsed.ok) throw new AppError('usage-invalid', parsed.error.map(formatProblem).join('\n'));
  const { all = {}, sites = {}, ...rest } = mapOf(parsed.value.value, path);
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined)
    throw new AppError('usage-invalid', `${path} has the key "${unknown}"; it may have all and sites`);
  const wide = textsOf(all, `${path}: all`);
  const narrow = new Map(
    Object.entries(mapOf(sites, `${path}: sites`)).map(([site, values]) => [
      site,
      textsOf(values, `${path}: sites.${site}`),
    ]),
  );
  return {
    valueOf: (site, name) => narrow.get(site)?.get(name) ?? wide.get(name),
    names: [...new Set([wide, ...narrow.values()].flatMap((values) => [...values.keys()]))],
  };
}

function textsOf(value: unknown, where: string): ReadonlyMap<string, string> {
  const entries = Object.entries(mapOf(value, where)).map(([name, text]) => {
    if (typeof text === 'string') return [name, text] as const;
    throw new AppError('usage-invalid', `${where}.${name} must be a text: write it in quotes`);
  });
  return new Map(entries);
}

function mapOf(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new AppError('usage-invalid', `${where} must be a map of names and values`);
}
