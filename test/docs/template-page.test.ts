import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { err, ok } from '../../src/kernel/result.ts';
import { compileTemplate } from '../../src/template/compile.ts';
import { formatProblem } from '../../src/template/problem.ts';
import { sha256 } from '../support/sample-template.ts';
import { top } from './console-session.ts';
import { TEMPLATE_PAGE, TEMPLATE_SCHEMA, templatePage, templateSchemaFile } from './template-page.ts';

const read = (path: string): string => readFileSync(join(top, path), 'utf8');
const sites = globSync('templates/sites/*.yaml', { cwd: top }).sort();

describe('the generated parts of the template reference are current', () => {
  it('the page', () => {
    expect(templatePage(read(TEMPLATE_PAGE))).toBe(read(TEMPLATE_PAGE));
  });

  it('the JSON Schema', () => {
    expect(templateSchemaFile()).toBe(read(TEMPLATE_SCHEMA));
  });
});

function compile(name: string) {
  return compileTemplate({
    files: [{ name, text: read(name) }],
    site: { name: 'store-0417', vars: {} },
    number: 1,
    readFile: (path) => (existsSync(join(top, path)) ? ok(read(path)) : err(`${path} is not there`)),
    sha256,
    useExamples: true,
  });
}

test.each(sites)('%s is right', (name) => {
  const outcome = compile(name);
  expect(outcome.ok ? [] : outcome.error.map(formatProblem)).toEqual([]);
});

test('there are ready templates, and every document belongs to one', () => {
  expect(sites).toContain('templates/sites/retail.yaml');
  const texts = sites.map((name) => ({ folder: dirname(name), text: read(name) }));
  for (const document of globSync('templates/sites/documents/*', { cwd: top })) {
    expect(
      texts.some(({ folder, text }) => text.includes(document.slice(folder.length + 1))),
      document,
    ).toBe(true);
  }
});

test('retail.yaml comes to the revision that was reviewed', async () => {
  const outcome = compile('templates/sites/retail.yaml');
  if (!outcome.ok) throw new Error(outcome.error.map(formatProblem).join('\n'));
  await expect(`${JSON.stringify(outcome.value, null, 2)}\n`).toMatchFileSnapshot('goldens/template-retail.json.txt');
});

test('the JSON Schema explains every key', () => {
  expect(keysWithoutMeaning(JSON.parse(templateSchemaFile()))).toEqual([]);
});

function keysWithoutMeaning(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, child]) => [
    ...(key === 'properties' ? namesWithoutMeaning(child) : []),
    ...keysWithoutMeaning(child),
  ]);
}

function namesWithoutMeaning(
  properties: Readonly<Record<string, { readonly description?: string }>>,
): readonly string[] {
  return Object.entries(properties).flatMap(([name, { description }]) => (description ? [] : [name]));
}
