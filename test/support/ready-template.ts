import { sha256OfText } from '../../src/adapters/node/hash.ts';
import type { Revision } from '../../src/model/revision.ts';
import { readTemplateFile } from '../../src/site/compile-site.ts';
import { compileTemplate } from '../../src/template/compile.ts';

/** The revision of a template of `templates/sites`, with its examples for what a site has to say. */
export function readyTemplate(name: string, vars: Readonly<Record<string, unknown>> = {}): Revision {
  const file = `templates/sites/${name}.yaml`;
  const text = readTemplateFile(file);
  const compiled = compileTemplate({
    files: [{ name: file, text: text.ok ? text.value : '' }],
    site: { name: 'store-0417', vars },
    number: 1,
    readFile: readTemplateFile,
    sha256: sha256OfText,
    useExamples: true,
  });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  return compiled.value;
}
