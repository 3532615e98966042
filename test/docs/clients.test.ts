import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseLoaderManifest } from '../../src/site/content/loader-manifest.ts';
import { decodeMessage } from '../../src/site/dhcp/codec/message.ts';
import { classify, traitsOf } from '../../src/site/dhcp/policy/classify.ts';
import { CLIENT_KINDS } from '../../src/site/dhcp/policy/client-kinds.ts';
import { CLIENT_PROOFS } from '../generated/client-proofs.ts';
import { readRequest } from '../packets/hex.ts';

const root = join(import.meta.dirname, '../..');
const manifest = parseLoaderManifest(readFileSync(join(root, 'boot-assets/manifest.yaml'), 'utf8'));
const pairsOf = (pairs: readonly string[]) => [...new Set(pairs)].sort();

describe('the matrix of what boots', () => {
  const proofs = Object.entries(CLIENT_PROOFS).flatMap(([kind, modes]) =>
    Object.entries(modes).flatMap(([mode, cell]) => cell.map((proof) => ({ kind, mode, ...proof }))),
  );

  it.each(proofs)('$kind, $mode: $file has the test that it names', ({ kind, file, test }) => {
    expect(CLIENT_KINDS.map(({ name }) => name)).toContain(kind);
    expect(existsSync(join(root, file)), file).toBe(true);
    const names = readFileSync(join(root, file), 'utf8').match(/\b(?:it|test|describe)\b.*|^\s*['`"].*['`"],$/gm) ?? [];
    expect(names.filter((line) => line.includes(test))).not.toEqual([]);
  });
});

describe('kinds of clients', () => {
  it('have the loaders that the manifest says are for them', () => {
    const ways = CLIENT_KINDS.flatMap(({ name, ways }) =>
      (['authoritative', 'proxy'] as const).flatMap(ways).flatMap(({ loader }) => loader && `${loader} for ${name}`),
    );
    const listed = manifest.flatMap(({ asset, kinds }) => kinds.map((kind) => `${asset.name} for ${kind}`));
    expect(pairsOf(listed)).toEqual(pairsOf(ways.filter((one) => one !== undefined)));
  });

  it('have a request each on file', () => {
    const requests = readdirSync(join(root, 'test/packets/requests')).map((file) => file.replace(/\.hex$/, ''));
    const kinds = requests.map((name) => {
      const decoded = decodeMessage(readRequest(name));
      return decoded.ok ? classify(traitsOf(decoded.value))?.name : undefined;
    });
    expect(CLIENT_KINDS.map(({ name }) => name).filter((name) => !kinds.includes(name))).toEqual([]);
  });
});
