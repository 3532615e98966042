import { parseDuration } from '../kernel/duration.ts';
import { parseIpv4, parseSubnet } from '../kernel/ipv4.ts';
import { parseMac } from '../kernel/mac.ts';
import { MAX_MATCHED_LENGTH, patternProblem } from './pattern.ts';
import type { Problems } from './places.ts';
import { didYouMean, type Place } from './problem.ts';
import type { VAR_TYPES, VarDeclaration } from './schema-parts.ts';

export type Plain = string | number | boolean;
export type VarValue = Plain | readonly string[];

/** What the site gives: values by name, and where each was written. */
export type GivenVars = {
  /** Of the site file: they go before those of the layers. */
  readonly values: Readonly<Record<string, unknown>>;
  /** `values` of the layers. */
  readonly layers?: Readonly<Record<string, unknown>>;
  readonly at?: (name: string) => Place | undefined;
  /** Required variables that the site does not give take their `example`: for checking a template without a site. */
  readonly examples: boolean;
};

type Reading = { readonly value: VarValue } | { readonly expected: string };

/** The value of every declared variable; what is wrong goes to `problems`, and the variable is left out. */
export function resolveVars(
  declared: Readonly<Record<string, VarDeclaration>>,
  given: GivenVars,
  problems: Problems,
): Readonly<Record<string, VarValue>> {
  for (const name of Object.keys({ ...given.layers, ...given.values })) {
    if (Object.hasOwn(declared, name)) continue;
    sayGiven(given, name, `the template has no variable "${name}"${didYouMean(name, Object.keys(declared))}`, problems);
  }
  const entries = Object.entries(declared).flatMap(([name, declaration]) => {
    const value = resolveVar(name, declaration, given, problems);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(entries);
}

function resolveVar(
  name: string,
  declaration: VarDeclaration,
  given: GivenVars,
  problems: Problems,
): VarValue | undefined {
  const fallback = checkDeclared(name, declaration, given.examples, problems);
  const written = [given.values, given.layers ?? {}].find((values) => Object.hasOwn(values, name));
  if (written) {
    const reading = read(written[name], declaration);
    if ('value' in reading) return reading.value;
    return sayGiven(given, name, sentence(reading.expected, written[name]), problems);
  }
  const hasFallback = declaration.default !== undefined || (given.examples && declaration.example !== undefined);
  if (!hasFallback) problems.key(['spec', 'vars', name], missing(name, declaration, given));
  return fallback;
}

/** The default, or else with `examples` the example; both must fit what the variable says of itself. */
function checkDeclared(
  name: string,
  declaration: VarDeclaration,
  examples: boolean,
  problems: Problems,
): VarValue | undefined {
  const path = ['spec', 'vars', name];
  const unusable = declaration.pattern === undefined ? undefined : patternProblem(declaration.pattern);
  if (unusable !== undefined) problems.value([...path, 'pattern'], unusable);
  if (declaration.required === true && declaration.default !== undefined) {
    problems.value([...path, 'required'], 'a variable with a default is never required: leave one of them out');
  }
  const [byDefault, example] = (['default', 'example'] as const).map((key) => {
    const written = declaration[key];
    const reading = written === undefined ? undefined : read(written, declaration);
    if (reading && 'expected' in reading) problems.value([...path, key], sentence(reading.expected, written));
    return reading && 'value' in reading ? reading.value : undefined;
  });
  return byDefault ?? (examples ? example : undefined);
}

function missing(name: string, declaration: VarDeclaration, given: GivenVars): string {
  if (declaration.required !== true) return 'give this variable a default, or say required: true';
  return given.examples
    ? 'this variable has no value: give it an example, or name a site file that has one'
    : `the site gives no value: add \`${name}\` to \`vars\` of the site file, or to \`values\` of a layer`;
}

function sayGiven(given: GivenVars, name: string, message: string, problems: Problems): undefined {
  if (!Object.hasOwn(given.values, name)) {
    problems.key(['spec', 'values', name], message);
    return;
  }
  const place = given.at?.(name);
  if (place) problems.inFile(place, ['vars', name], message);
  else problems.key(['spec', 'vars', name], `${message} (in the vars of the site)`);
}

function sentence(expected: string, found: unknown): string {
  return `expected ${expected}, found ${(JSON.stringify(found) ?? 'nothing').slice(0, 60)}`;
}

function read(value: unknown, declaration: VarDeclaration): Reading {
  const reading = readType(value, declaration.type);
  if ('expected' in reading) return reading;
  const { pattern, values } = declaration;
  const wrongSize = outOfBounds(reading.value, declaration);
  if (wrongSize) return { expected: wrongSize };
  const items = typeof reading.value === 'object' ? reading.value : [reading.value];
  if (values && !items.every((item) => values.includes(item))) return { expected: `one of ${values.join(', ')}` };
  const fits = pattern === undefined || items.every((item) => matches(String(item), pattern));
  return fits ? reading : { expected: `a text like ${pattern}` };
}

/** `min` and `max` bound a number, or how many items a list has. */
function outOfBounds(value: VarValue, { min, max }: VarDeclaration): string | undefined {
  const size = typeof value === 'object' ? value.length : value;
  if (typeof size !== 'number') return undefined;
  const what = typeof value === 'object' ? ' items' : '';
  if (min !== undefined && size < min) return `at least ${min}${what}`;
  return max !== undefined && size > max ? `at most ${max}${what}` : undefined;
}

/** A pattern that cannot be used matches anything: it was complained of already. */
function matches(text: string, pattern: string): boolean {
  if (patternProblem(pattern) !== undefined) return true;
  return text.length <= MAX_MATCHED_LENGTH && new RegExp(`^(?:${pattern})$`, 'u').test(text);
}

function readType(value: unknown, type: (typeof VAR_TYPES)[number]): Reading {
  switch (type) {
    case 'int':
      return Number.isSafeInteger(value) ? { value: Number(value) } : { expected: 'a whole number' };
    case 'bool':
      return typeof value === 'boolean' ? { value } : { expected: 'true or false' };
    case 'list':
      return isTextList(value) ? { value } : { expected: 'a list of texts' };
    default:
      return readText(value, textTypes[type]);
  }
}

function readText(value: unknown, { expected, parse }: TextType): Reading {
  if (typeof value !== 'string') return { expected: typeof value === 'number' ? 'text: write it in quotes' : 'text' };
  const text = parse(value);
  return text === undefined ? { expected } : { value: text };
}

type TextType = { readonly expected: string; readonly parse: (text: string) => string | undefined };

const textTypes: Readonly<Record<'string' | 'cidr' | 'ip' | 'mac' | 'duration', TextType>> = {
  string: { expected: 'text', parse: (text) => text },
  cidr: {
    expected: 'a network such as 10.0.0.0/24, its host part zero',
    parse: (text) => (parseSubnet(text) ? text : undefined),
  },
  ip: { expected: 'an IPv4 address such as 10.0.0.9', parse: parseIpv4 },
  mac: { expected: 'a MAC address such as 52:54:00:12:34:56', parse: parseMac },
  duration: {
    expected: 'a time such as 90s, 5m or 2h',
    parse: (text) => (parseDuration(text) === undefined ? undefined : text),
  },
};

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
