import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, it } from 'vitest';

const top = resolve(import.meta.dirname, '../..');
const pages = globSync(['*.md', 'docs/**/*.md'], { cwd: top }).sort();

it('finds the pages', () => {
  expect(pages).toContain('README.md');
  expect(pages.length).toBeGreaterThan(10);
});

it.each(pages)('%s links to what exists', (page) => {
  expect(linksOf(page).filter((link) => !leadsSomewhere(page, link))).toEqual([]);
});

/** Targets of `[text](target)` outside of code blocks, without those on other machines. */
function linksOf(page: string): readonly string[] {
  const text = readFileSync(join(top, page), 'utf8').replace(/^```[\s\S]*?^```$/gm, '');
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '');
  return targets.filter((target) => !/^[a-z]+:/.test(target));
}

function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const file = path === '' ? join(top, page) : resolve(top, dirname(page), path);
  return existsSync(file) && (anchor === undefined || anchorsOf(file).has(anchor));
}

/** As GitHub makes them: lower case, words joined by dashes, signs left out. */
function anchorsOf(file: string): ReadonlySet<string> {
  const headings = [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map((match) => match[1] ?? '');
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}
