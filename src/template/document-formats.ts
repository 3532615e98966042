import { LineCounter, parseAllDocuments, parseDocument, type Document as YamlDocument } from 'yaml';
import { DOCUMENT_TARGETS, fillHoles, sampleHoleValues, secretsIn } from '../model/holes.ts';
import type { DocumentName } from '../model/revision.ts';
import type { Source } from './context.ts';
import { isMap } from './layers.ts';
import type { Inside } from './places.ts';
import { insideAt } from './text.ts';

/** Says what is wrong at a place of the text as it was rendered. */
type Say = (message: string, inside?: Inside) => void;

/** Looks at a rendered document as the booted system will: its places filled with samples, then read in its format. */
export function checkDocument(name: DocumentName, text: string, source: Source, slot: string): void {
  const filled = fillHoles(text, sampleHoleValues(secretsIn(text)), DOCUMENT_TARGETS[name]);
  if (!filled.ok) {
    source.say(filled.error, undefined, slot);
    return;
  }
  // Where rendering moved lines, the line is that of the rendered text.
  const isAsWritten = text === source.text;
  formats[name](filled.value, (message, inside) => {
    if (!inside || isAsWritten) source.say(message, inside, slot);
    else source.say(`${message} (line ${inside.row} when rendered)`, undefined, slot);
  });
}

const formats: Readonly<Record<DocumentName, (text: string, say: Say) => void>> = {
  'user-data': (text, say) => {
    // An empty one is nothing to do.
    if (/^#cloud-config[ \t]*\r?(\n|$)/.test(text)) checkYamlMap('a #cloud-config', text, true, say);
  },
  // Over an empty one Talos stumbles for ever.
  'network-config': (text, say) => checkYamlMap('a network-config', text, false, say),
  talos: checkTalos,
  ignition: checkIgnition,
  preseed: checkPreseed,
  kickstart: (text, say) => {
    if (text.trim() === '') say('a kickstart file must say something');
  },
};

/** cloud-init throws away a #cloud-config that is no YAML map, and boots on as if there were none. */
function checkYamlMap(what: string, text: string, mayBeEmpty: boolean, say: Say): void {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, {
    version: '1.1',
    merge: true,
    uniqueKeys: false,
    prettyErrors: false,
    lineCounter,
    logLevel: 'error',
  });
  if (!isReadable(what, document, lineCounter, say)) return;
  const value = toPlain(document);
  if (!isMap(value) && !(mayBeEmpty && value === null)) say(`${what} must be a YAML map`);
}

/** Talos takes a text that begins with #cloud-config for no configuration, and one without documents for an error to try again for ever. */
function checkTalos(text: string, say: Say): void {
  const what = 'a Talos configuration';
  if (text.startsWith('#cloud-config')) {
    say(`${what} must not begin with #cloud-config: Talos would ignore it`);
    return;
  }
  const lineCounter = new LineCounter();
  const parsed = parseAllDocuments(text, { prettyErrors: false, lineCounter, logLevel: 'error' });
  const documents = Array.isArray(parsed) ? parsed : [];
  if (documents.some((document) => !isReadable(what, document, lineCounter, say))) return;
  const values = documents.map(toPlain).filter((value) => value !== null);
  if (values.length === 0 || !values.every(isMap)) say(`${what} must be one or more YAML maps`);
}

function isReadable(
  what: string,
  { errors }: Pick<YamlDocument, 'errors'>,
  lineCounter: LineCounter,
  say: Say,
): boolean {
  const [error] = errors;
  if (!error) return true;
  const { line, col } = lineCounter.linePos(error.pos[0]);
  say(`${what} must be valid YAML: ${error.message}`, { row: Math.max(line, 1), column: Math.max(col, 1) });
  return false;
}

/** Ignition ends in an emergency shell over anything that it cannot read, and over versions that it does not know. */
function checkIgnition(text: string, say: Say): void {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const offset = /position (\d+)/.exec(message)?.[1];
    say(
      `an Ignition configuration must be valid JSON: ${message}`,
      offset === undefined ? undefined : insideAt(text, Number(offset)),
    );
    return;
  }
  const ignition = isMap(value) ? value['ignition'] : undefined;
  const version = isMap(ignition) ? ignition['version'] : undefined;
  if (typeof version !== 'string' || !/^\d+\.\d+\.\d+/.test(version))
    say('an Ignition configuration must be a map with `ignition.version`, such as "3.3.0"');
}

/** The Debian installer reads line by line, drops what it does not understand, and then asks at the screen. */
function checkPreseed(text: string, say: Say): void {
  if (text.trim() === '') say('a preseed file must answer something');
  let continues = false;
  for (const [index, line] of text.split('\n').entries()) {
    const begins = !continues && line.trim() !== '' && !line.startsWith('#');
    if (begins && !/^\s*[\w./-]+\s+[\w./:+-]+\s+[a-z]+(\s|$)/.test(line))
      say(
        'a line of a preseed file is: owner question type answer, such as "d-i debian-installer/locale string en_GB"',
        {
          row: index + 1,
          column: 1,
        },
      );
    continues = /\\\s*$/.test(line);
  }
}

function toPlain(document: Pick<YamlDocument, 'toJS'>): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    // The parser's word for aliases that name nothing or multiply without end.
    if (error instanceof ReferenceError) return undefined;
    throw error;
  }
}
