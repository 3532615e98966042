/** What cloud-init's phone_home says; its public keys are not kept. */
export type PhoneHomeBody = { readonly hostname?: string; readonly instanceId?: string };

/** One step of cloud-init, as its webhook tells it. */
export type ReportBody = {
  readonly name: string;
  readonly phase: 'start' | 'finish' | 'other';
  readonly result?: string;
  readonly description?: string;
};

const MAX_TEXT_LENGTH = 256;

/** Reads `hostname` and `instance_id` of a form; what is missing or "N/A" is left out. */
export function parsePhoneHome(body: string): PhoneHomeBody {
  const fields = parseForm(body);
  const hostname = textOf(fields.get('hostname')) ?? textOf(fields.get('fqdn'));
  const instanceId = textOf(fields.get('instance_id'));
  return { ...(hostname ? { hostname } : {}), ...(instanceId ? { instanceId } : {}) };
}

/** Reads the JSON of a webhook; anything else is a report of its own text. */
export function parseReport(body: string): ReportBody {
  const value = parseJson(body);
  if (value === undefined) return { name: textOf(body) ?? 'report', phase: 'other' };
  const result = textOf(value['result']);
  const description = textOf(value['description']);
  const phase = value['event_type'];
  return {
    name: textOf(value['name']) ?? 'report',
    phase: phase === 'start' || phase === 'finish' ? phase : 'other',
    ...(result ? { result } : {}),
    ...(description ? { description } : {}),
  };
}

function parseJson(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    // Not JSON: the caller takes the text as it is.
    return undefined;
  }
}

function parseForm(body: string): ReadonlyMap<string, string> {
  const pairs = body
    .split('&')
    .slice(0, 64)
    .map((pair) => {
      const equals = pair.indexOf('=');
      return equals < 0 ? ([pair, ''] as const) : ([pair.slice(0, equals), pair.slice(equals + 1)] as const);
    });
  return new Map(pairs.map(([name, value]) => [decodeForm(name), decodeForm(value)]));
}

function decodeForm(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    // A broken percent sign: shown as it came.
    return spaced;
  }
}

/** Printable text of a bounded length, or undefined. */
function textOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]+/gu, ' ')
    .trim()
    .toWellFormed();
  // Whole words: who knows the secrets by their text looks for them later, and half of one would not be found.
  const short =
    text.length > MAX_TEXT_LENGTH
      ? text
          .slice(0, MAX_TEXT_LENGTH + 1)
          .replace(/\S*$/, '')
          .trimEnd()
      : text;
  return short === '' || short === 'N/A' ? undefined : short;
}
