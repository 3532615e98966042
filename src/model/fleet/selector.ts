import { err, ok, type Result } from '../../kernel/result.ts';

/** Chooses sites: by their names, or by labels that all must fit. No condition fits every site. */
export type SiteSelector =
  | { readonly names: readonly string[] }
  | { readonly labels: Readonly<Record<string, string>> };

const NAME = /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/;

/** Reads `region=eu,tier=1` (labels, all must fit) or `store-0417,store-0418` (names); the answer to anything else is what is wrong. */
export function parseSelector(text: string): Result<SiteSelector, string> {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.every((part) => part.includes('='))) return parseLabels(parts);
  const wrong = parts.find((part) => !NAME.test(part));
  if (wrong === undefined) return ok({ names: parts });
  return err(`${JSON.stringify(wrong)} is neither the name of a site nor LABEL=VALUE, and the two are not mixed`);
}

/** Whether a site is among the chosen ones. */
export function selects(
  selector: SiteSelector,
  { name, labels }: { readonly name: string; readonly labels: Readonly<Record<string, string>> },
): boolean {
  if ('names' in selector) return selector.names.includes(name);
  return Object.entries(selector.labels).every(([key, value]) => labels[key] === value);
}

function parseLabels(parts: readonly string[]): Result<SiteSelector, string> {
  const labels: Record<string, string> = {};
  for (const part of parts) {
    const [key = '', ...value] = part.split('=');
    if (key === '' || value.join('=') === '') return err(`${JSON.stringify(part)} has to be LABEL=VALUE`);
    if (Object.hasOwn(labels, key)) return err(`the label ${key} is asked for twice: no site could fit both`);
    labels[key] = value.join('=');
  }
  return ok({ labels });
}
