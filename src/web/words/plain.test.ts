import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ERRORS } from '../../kernel/errors.ts';
import { capital, plain, plainSentence } from './plain.ts';

describe('a sentence of the site on the page', () => {
  it.each([
    ['if this is a new store: slipway arm', 'If this is a new store: “This is a new store”'],
    ['slipway hold pos-1 --off', '“End the hold”'],
    ['pos-1 is empty: slipway claim CODE pos-1 fills it', 'pos-1 is empty: “Put a machine here” fills it'],
    ['if that is silent, slipway replace pos-1 CODE', 'If that is silent, “Replace the machine”'],
    [
      'slipway arm, then slipway reinstall SLOT where it is wanted',
      '“This is a new store”, then “Install again” where it is wanted',
    ],
    ['type `slipway confirm SLOT`', 'Press “Say that it is installed”'],
    ['look at its lines in `slipway events --slot SLOT`; then', 'Look at its lines in the timeline of its slot; then'],
    ['`slipway status` shows which files are missing', 'This page shows which files are missing'],
    ['If it stays, look at `slipway doctor`.', 'If it stays, ask head office.'],
    ['it comes back only with slipway claim.', 'It comes back only with “Put a machine here”.'],
    [
      'Dell 7010, serial X1 (52:54:00:2e:00:03) fills pos-1, in place of m3, says page',
      'Dell 7010, serial X1 fills pos-1, in place of the one before, from this page',
    ],
    ['install ordered by cli', 'Install ordered from the terminal of the site'],
  ])('%s', (said, shown) => {
    expect(plain(said)).toBe(shown);
  });

  it('never has a command of the terminal in it, whatever the site says to people', () => {
    const files = globSync(['src/site/nodes/policy/*.ts', 'src/site/api/**/*.ts', 'src/site/*.ts'], {
      exclude: ['**/*.test.ts'],
    });
    const sources = files.map((file) => readFileSync(file, 'utf8'));
    const written = sources.flatMap((text) => text.match(/'[^'\n]*slipway [^'\n]*'|`[^\n]*slipway [^\n]*`/g) ?? []);
    const sentences = [...written, ...Object.values(ERRORS).map(({ help }) => help)];
    expect(written.length).toBeGreaterThan(10);
    expect(
      sentences.map((text) => plain(text.replace(/\$\{\w+\}/g, 'pos-1'))).filter((text) => /slipway /.test(text)),
    ).toEqual([]);
  });

  it('ends as a sentence does, and leaves the name of a slot as it is', () => {
    expect(plainSentence('nobody ordered it')).toBe('Nobody ordered it.');
    expect(plainSentence('Is it on?')).toBe('Is it on?');
    expect([capital('pos-1 is held'), capital('held'), capital('its time')]).toEqual([
      'pos-1 is held',
      'Held',
      'Its time',
    ]);
  });
});
