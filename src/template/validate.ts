import type { z } from 'zod';
import type { Path, Problems } from './places.ts';
import { didYouMean } from './problem.ts';

type Issue = z.core.$ZodIssue;

/** Checks a value against a schema; what is wrong goes to `problems` and the answer is undefined. */
export function validate<T>(schema: z.ZodType<T>, value: unknown, problems: Problems): T | undefined {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  for (const issue of result.error.issues) report(issue, [], { root: value, schema, problems });
  return undefined;
}

type Context = { readonly root: unknown; readonly schema: z.ZodType; readonly problems: Problems };

function report(issue: Issue, prefix: Path, context: Context): void {
  const path = [...prefix, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
  const { problems } = context;
  const found = describe(valueAt(context.root, path));
  switch (issue.code) {
    case 'unrecognized_keys':
      for (const key of issue.keys) problems.key([...path, key], unknownKey(key, keysAt(context.schema, path)));
      return;
    case 'invalid_key':
      problems.key(path, issue.issues[0]?.message ?? 'this name cannot be used', { found });
      return;
    case 'invalid_union':
      reportUnion(issue, path, context);
      return;
    case 'invalid_type':
    case 'invalid_value':
      reportType(issue, path, found, problems);
      return;
    default:
      problems.value(path, lowerFirst(issue.message), { found });
  }
}

function reportType(
  issue: z.core.$ZodIssueInvalidType | z.core.$ZodIssueInvalidValue,
  path: Path,
  found: string,
  problems: Problems,
): void {
  const expected =
    issue.code === 'invalid_type'
      ? (typeNames[issue.expected] ?? issue.expected)
      : issue.values.map((value) => JSON.stringify(value)).join(' or ');
  if (found === 'nothing' && path.length > 0) {
    problems.value(path.slice(0, -1), `"${String(path.at(-1))}" is missing: expected ${expected}`, { expected, found });
    return;
  }
  const wanted = issue.code === 'invalid_value' ? issue.values.map(String) : [];
  problems.value(path, `expected ${expected}, found ${found}${didYouMean(found.replaceAll('"', ''), wanted)}`, {
    expected,
    found,
  });
}

/** Of the branches of a union the one is meant whose outer type fits; only if none or several fit, all are named. */
function reportUnion(issue: z.core.$ZodIssueInvalidUnion, path: Path, context: Context): void {
  const meant = issue.errors.filter(
    (branch) => !branch.some((inner) => inner.path.length === 0 && isTypeMismatch(inner)),
  );
  const only = meant.length === 1 ? meant[0] : undefined;
  if (only) {
    for (const inner of only) report(inner, path, context);
    return;
  }
  const found = describe(valueAt(context.root, path));
  const expected = [...new Set(issue.errors.flatMap((branch) => branch.map(expectedBy)))]
    .filter((name) => name !== 'null')
    .join(' or ');
  if (found === 'nothing' && path.length > 0)
    context.problems.value(path.slice(0, -1), `"${String(path.at(-1))}" is missing: expected ${expected}`, {
      expected,
      found,
    });
  else context.problems.value(path, `expected ${expected}, found ${found}`, { expected, found });
}

function isTypeMismatch(issue: Issue): boolean {
  return issue.code === 'invalid_type' || issue.code === 'invalid_value' || issue.code === 'invalid_union';
}

function expectedBy(issue: Issue): string {
  if (issue.code === 'invalid_type') return typeNames[issue.expected] ?? issue.expected;
  if (issue.code === 'invalid_value') return issue.values.map((value) => JSON.stringify(value)).join(' or ');
  if (issue.code === 'invalid_union')
    return [...new Set(issue.errors.flatMap((branch) => branch.map(expectedBy)))].join(' or ');
  return lowerFirst(issue.message).replace(/^expected /, '');
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  object: 'a map',
  record: 'a map',
  array: 'a list',
  null: 'null',
};

function unknownKey(key: string, known: readonly string[]): string {
  const guess = didYouMean(key, known);
  const list = known.length > 0 && guess === '' ? `; known here: ${known.join(', ')}` : '';
  return `there is no key "${key}" here${guess}${list}`;
}

/** The keys that a schema allows at a path; empty where they are free. */
function keysAt(schema: z.ZodType, path: Path): readonly string[] {
  let here: readonly unknown[] = [schema];
  for (const part of path) here = here.flatMap((one) => stepInto(one, String(part)));
  return [...new Set(here.flatMap(ownKeys))];
}

function ownKeys(schema: unknown): readonly string[] {
  const def = unwrap(schema);
  if (def.options) return def.options.flatMap(ownKeys);
  if (def.keyType) return Object.keys(unwrap(def.keyType).entries ?? {});
  return Object.keys(def.shape ?? {});
}

/** What the schema classes of zod have in common, as far as a walk needs it. */
type Definition = {
  readonly shape?: Readonly<Record<string, unknown>>;
  readonly keyType?: unknown;
  readonly valueType?: unknown;
  readonly entries?: Readonly<Record<string, unknown>>;
  readonly element?: unknown;
  readonly options?: readonly unknown[];
  readonly innerType?: unknown;
};

function unwrap(schema: unknown): Definition {
  let def = (schema as { readonly def: Definition }).def;
  while (def.innerType) def = (def.innerType as { readonly def: Definition }).def;
  return def;
}

function stepInto(schema: unknown, part: string): readonly unknown[] {
  const def = unwrap(schema);
  if (def.options) return def.options.flatMap((option) => stepInto(option, part));
  return [def.shape?.[part] ?? def.valueType ?? def.element].filter((next) => next !== undefined);
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = Reflect.get(value, part);
  }
  return value;
}

/** What was found, short enough for a line. */
function describe(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
