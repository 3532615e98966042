import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBlocks } from './console-blocks.ts';
import { type ConsoleSession, openSession, top } from './console-session.ts';
import { typeStep } from './console-step.ts';

const pages = ['README.md', ...globSync('docs/use/*.md', { cwd: top }).sort()].filter((page) =>
  existsSync(join(top, page)),
);

it('finds the pages', () => {
  expect(pages).toContain('README.md');
  expect(pages.length).toBeGreaterThan(2);
});

describe.each(pages)('%s', (page) => {
  const blocks = findBlocks(readFileSync(join(top, page), 'utf8'));
  let session: ConsoleSession;
  beforeAll(() => {
    session = openSession();
  });
  afterAll(() => session.close());

  // One test for a page: its commands build on each other, as they do for its reader.
  it('shows what its commands really print', async () => {
    for (const block of blocks) {
      if (block.kind === 'file') session.write(block.path, block.text);
      if (block.kind === 'console') for (const step of block.steps) await typeStep(session, page, step);
    }
  }, 30_000);

  it('names tests that exist for what is tested elsewhere', () => {
    const named = blocks.flatMap((block) => (block.kind === 'elsewhere' ? block.testedBy : []));
    expect(named.filter((file) => !existsSync(join(top, file)))).toEqual([]);
  });
});

describe('a session', () => {
  it('tells output and status apart from what a page promises', async () => {
    const session = openSession();
    try {
      expect(await session.run('echo out; echo err >&2; exit 3')).toEqual({ status: 3, output: 'out\nerr\n' });
      expect(() => session.write('../outside', 'x')).toThrow('outside');
    } finally {
      session.close();
    }
  });
});
