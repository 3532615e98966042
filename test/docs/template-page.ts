import { HOLES } from '../../src/model/holes.ts';
import { NAMED_OPTIONS } from '../../src/template/network-options.ts';
import { templateJsonSchema } from '../../src/template/schema.ts';

export const TEMPLATE_PAGE = 'docs/use/template.md';
export const TEMPLATE_SCHEMA = 'docs/use/template.schema.json';

/** The JSON Schema as it lies in the documentation. */
export function templateSchemaFile(): string {
  return `${JSON.stringify(templateJsonSchema(), null, 2)}\n`;
}

/** The page with its generated parts made anew; what a person wrote around them stays. */
export function templatePage(before: string): string {
  const parts = { keys: keyTables(), holes: holeTable(), options: optionTable() };
  return Object.entries(parts).reduce((page, [name, table]) => replacePart(page, name, table), before);
}

/** A page with what stands between the two marks of a part made anew. */
export function replacePart(page: string, name: string, table: string): string {
  const begin = `<!-- generated: ${name} -->`;
  const end = `<!-- end: ${name} -->`;
  const [head, rest] = page.split(begin);
  const tail = rest?.split(end)[1];
  if (head === undefined || tail === undefined) throw new Error(`the page has no part ${begin} … ${end}`);
  return `${head}${begin}\n\n${table}\n\n${end}${tail}`;
}

/** As much of JSON Schema as the template's own uses. */
type Schema = {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | false;
  readonly propertyNames?: Schema;
};

function keyTables(): string {
  const root = templateJsonSchema() as Schema;
  const spec = root.properties?.['spec'] ?? {};
  const tables = Object.entries(spec.properties ?? {}).map(([name, schema]) => {
    const keys = rows(schema, '');
    return `### ${name}\n\n${schema.description ?? ''}${keys.length > 0 ? `\n\n${table(keys)}` : ''}`;
  });
  const head = rows({ ...root, properties: { ...root.properties, spec: { ...spec, properties: {} } } }, '');
  return [`### The head\n\n${table(head)}`, ...tables].join('\n\n');
}

type Row = readonly [key: string, value: string, byDefault: string, meaning: string];

function rows(schema: Schema, prefix: string): readonly Row[] {
  const map = withKeys(schema);
  const required = new Set(map?.required ?? []);
  const own = Object.entries(map?.properties ?? {}).flatMap(([key, child]) =>
    rowsOf(`${prefix}${key}`, child, required.has(key)),
  );
  const free = map?.additionalProperties;
  // A map of plain values is explained where it stands.
  return free && withKeys(free) ? [...own, ...rowsOf(`${prefix}NAME`, free, false)] : own;
}

function rowsOf(path: string, schema: Schema, required: boolean): readonly Row[] {
  const list = schema.type === 'array' && schema.items && withKeys(schema.items) ? schema.items : undefined;
  const below = rows(list ?? schema, `${path}${list ? '[]' : ''}.`);
  if (schema.description === undefined && below.length > 0) return below;
  const byDefault = schema.default === undefined ? (required ? 'required' : '') : code(JSON.stringify(schema.default));
  return [
    [code(path), describeValue(schema), below.length > 0 && !required ? '' : byDefault, schema.description ?? ''],
    ...below,
  ];
}

/** The map that a schema is, or that one of its alternatives is. */
function withKeys(schema: Schema): Schema | undefined {
  if (schema.properties || schema.additionalProperties) return schema;
  return schema.anyOf?.find((one) => one.properties ?? one.additionalProperties);
}

/** What may be written; that null deletes is said once for all. */
function describeValue(schema: Schema): string {
  if (schema.const !== undefined) return code(String(schema.const));
  if (schema.enum) return schema.enum.map((value) => code(String(value))).join(', ');
  if (schema.anyOf) return [...new Set(schema.anyOf.map(describeValue))].filter((value) => value !== '').join(' or ');
  if (schema.type === 'array') return `list of ${describeValue(schema.items ?? {})}`;
  return [schema.type ?? []]
    .flat()
    .flatMap((type) => typeNames[type] ?? [])
    .join(' or ');
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  number: 'number',
  boolean: 'true or false',
  object: 'map',
};

function holeTable(): string {
  const lines = Object.entries(HOLES).map(
    ([name, hole]) => `| ${code(`@{${name}}`)} | ${hole.meaning} | ${code(hole.sample)} |`,
  );
  return ['| place | what stands there | such as |', '|---|---|---|', ...lines].join('\n');
}

function optionTable(): string {
  const written = {
    text: 'text',
    ips: 'list of addresses',
    domains: 'list of domain names',
    routes: 'list such as `10.9.0.0/16 via 10.0.0.1`',
    int32: 'whole number',
  } as const;
  const lines = Object.entries(NAMED_OPTIONS).map(
    ([name, { code: number, kind }]) => `| ${code(name)} | ${number} | ${written[kind]} |`,
  );
  return ['| name | code | value |', '|---|---|---|', ...lines].join('\n');
}

function table(list: readonly Row[]): string {
  const lines = list.map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`);
  return ['| key | value | default | meaning |', '|---|---|---|---|', ...lines].join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}
