import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { sha256OfText } from '../../src/adapters/node/hash.ts';
import { readTemplateFile } from '../../src/site/compile-site.ts';
import { compileTemplate } from '../../src/template/compile.ts';
import { formatProblem } from '../../src/template/problem.ts';

const folder = 'templates/sites';

function compile(name: string) {
  const file = `${folder}/${name}`;
  const text = readTemplateFile(file);
  return compileTemplate({
    files: [{ name: file, text: text.ok ? text.value : '' }],
    site: { name: 'example', vars: {} },
    number: 1,
    readFile: readTemplateFile,
    sha256: sha256OfText,
    useExamples: true,
  });
}

describe('ready templates', () => {
  const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

  it.each(names)('%s is right', (name) => {
    const compiled = compile(name);
    expect(compiled.ok ? [] : compiled.error.map(formatProblem)).toEqual([]);
  });

  it.each([
    ['talos.yaml', 'install', 'talos'],
    ['talos-nocloud.yaml', 'install', 'user-data'],
    ['ignition.yaml', 'live', 'ignition'],
    ['debian-installer.yaml', 'install', 'preseed'],
    ['kickstart.yaml', 'install', 'kickstart'],
    ['ubuntu.yaml', 'install', 'user-data'],
  ])('%s is %s, with a secret %s', (name, kind, document) => {
    const compiled = compile(name);
    const [slot] = compiled.ok ? Object.values(compiled.value.slots) : [];
    expect(slot?.profile.kind).toBe(kind);
    expect(slot?.profile.documents[document]).toMatchObject({ kind: 'text', secret: true });
  });

  it.each([
    ['talos.yaml', 'talos', 'talos.experimental.wipe', 'system'],
    ['debian-installer.yaml', 'preseed', 'slipway.wipe', '1'],
    ['kickstart.yaml', 'kickstart', 'slipway.wipe', '1'],
    ['ubuntu.yaml', 'user-data', 'slipway.wipe', '1'],
  ])(
    '%s can erase the disk first, and its %s looks for the word if the system does not',
    (name, document, key, value) => {
      const compiled = compile(name);
      const [slot] = compiled.ok ? Object.values(compiled.value.slots) : [];
      expect(slot?.profile.install?.wipe).toEqual([{ key, value }]);
      const written = slot?.profile.documents[document];
      const looks = key.startsWith('slipway.') ? `grep -qwF ${key}=${value} /proc/cmdline` : '';
      expect(written?.kind === 'text' && written.text).toContain(looks);
    },
  );
});
