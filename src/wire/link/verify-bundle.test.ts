import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bundleOf, crypto, keySetOf, rotated, signed, signText, testKey } from '../../../test/support/sample-bundle.ts';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import { followKeySets, formatKeySet } from './release-trust.ts';
import { BUNDLE_NEEDS } from './revision-bundle.ts';
import { type ExpectedBundle, formatBundle, verifyBundle } from './verify-bundle.ts';

const ada = testKey('Ada');
const bob = testKey('Bob');
const first = keySetOf(1, [ada]);
const expected: ExpectedBundle = {
  site: 'store-0417',
  keys: first,
  capabilities: Object.values(BUNDLE_NEEDS),
  above: 6,
};

function refused(text: string, changes: Partial<ExpectedBundle> = {}): string | undefined {
  const outcome = verifyBundle(text, { ...expected, ...changes }, crypto);
  return outcome.ok ? undefined : outcome.error.reason;
}

test('a bundle by a current key is believed, with its number and the digest of its content', () => {
  const { text, revision } = bundleOf(ada, { number: 7 });
  const outcome = verifyBundle(text, expected, crypto);
  expect(outcome).toMatchObject({ ok: true, value: { key: { id: ada.id }, statement: { number: 7 } } });
  if (outcome.ok) expect(outcome.value.revision).toEqual({ ...revision, number: 7 });
});

test('each refusal names the part that is wrong', () => {
  const { text } = bundleOf(ada, { number: 7 });
  expect(refused(text, { site: 'store-0418' })).toBe('other-site');
  expect(refused(text, { above: 7 })).toBe('older');
  expect(refused(text, { capabilities: [] })).toBe('needs');
  expect(refused(text, { keys: keySetOf(1, [bob]) })).toBe('unknown-key');
  expect(refused(text, { keys: { ...keySetOf(2, [bob]), retired: { [ada.id]: 2 } } })).toBe('retired-key');
  expect(refused(text.replace('pos-1', 'pos-9'))).toBe('content-changed');
  expect(refused(text.replace('\\"number\\":7', '\\"number\\":8'))).toBe('signature-wrong');
  expect(
    refused(
      text.replace('"secrets":{', '"secrets":{"x":{"ciphertext":"","ephemeralKey":"","nonce":"","recipient":""},'),
    ),
  ).toBe('malformed');
  expect(refused('{}')).toBe('malformed');
  const added = JSON.parse(text) as { secrets: Record<string, unknown> };
  expect(refused(bundleOf(ada, { number: 7, secretsAfterSigning: {} }).text)).toBe('secrets-changed');
  expect(added.secrets).toHaveProperty('joinToken');
});

test('no single changed character of a bundle goes unseen', () => {
  const { text } = bundleOf(ada, { number: 7 });
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.constantFrom('a', 'A', '0', ' ', '"', '\\', '{'), (at, sign) => {
      fc.pre(text[at] !== sign);
      expect(refused(text.slice(0, at) + sign + text.slice(at + 1))).toBeDefined();
    }),
    { numRuns: 400 },
  );
});

test('key sets are followed step by step, each signed by a key of the one before', () => {
  const second = keySetOf(2, [bob], { [ada.id]: 2 });
  const third = keySetOf(3, [bob, testKey('Cy')], { [ada.id]: 2 });
  const chain = [signed(first, ada), signed(second, ada), signed(third, bob)];
  expect(followKeySets(undefined, chain, crypto)).toEqual({ ok: true, value: third });
  expect(followKeySets(second, chain, crypto)).toEqual({ ok: true, value: third });
  expect(followKeySets(third, chain, crypto)).toEqual({ ok: true, value: third });
  const why = (sets: typeof chain, known?: typeof first): string | undefined => {
    const outcome = followKeySets(known, sets, crypto);
    return outcome.ok ? undefined : outcome.error;
  };
  expect(why([signed(first, ada), signed(third, bob)])).toContain('a set is missing');
  expect(why([signed(first, ada), signed(second, bob)])).toContain('knows no such key');
  expect(why([signed(first, ada), signed(second, ada), signed(third, ada)])).toContain('was retired with key set 2');
  expect(why([{ ...signed(second, ada), statement: formatKeySet(rotated(second)) }], first)).toContain('does not fit');
  expect(why([])).toContain('no set');
  expect(why([{ statement: '{', signatures: [] }])).toContain('not JSON');
  expect(why([{ statement: `${formatKeySet(first)} `, signatures: [] }])).toContain('as it should be');
  const renamed = { ...first, keys: [{ ...bob.key, id: ada.id }] };
  expect(why([{ statement: formatKeySet(renamed), signatures: [] }])).toContain(`is not ${ada.id}`);
});

test('what hangs on a bundle where nothing belongs is refused, however deep it is', () => {
  const { text } = bundleOf(ada, { number: 7 });
  const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
  expect(refused(text.replace('"ciphertext":', `"another":${deep},"ciphertext":`))).toBe('malformed');
  expect(refused(text.replace('"keyId":', `"another":${deep},"keyId":`))).toBe('malformed');
  expect(refused(text.replace('{', `{"another":${deep},`))).toBe('malformed');
  expect(refused(deep)).toBe('malformed');
  const set = formatKeySet(keySetOf(1, [ada]));
  for (const statement of [
    set.replace('"retired":{', `"retired":{"x":${deep}`),
    set.replace('"comment":', `"another":${deep},"comment":`),
    set.replace('{', `{"another":${deep},`),
  ])
    expect(followKeySets(undefined, [{ statement, signatures: [] }], crypto).ok).toBe(false);
});

test('whatever a release key has signed, it is a revision of this site or it is refused', () => {
  const { revision } = bundleOf(ada, { number: 7 });
  const none = { ...revision, site: 'store-0417', slots: {} };
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (statement, content) => {
      for (const said of [statement, { ...none, ...Object(content) }]) {
        const bundle = {
          ...signText('revision', canonicalJson(said), ada),
          content: canonicalJson(content),
          secrets: {},
        };
        expect(refused(formatBundle(bundle))).toBe('malformed');
      }
      const signedContent = canonicalJson(content);
      const outcome = refused(
        formatBundle({
          ...signText('revision', canonicalJson(statementOf(signedContent)), ada),
          ...{ content: signedContent, secrets: {} },
        }),
      );
      expect(outcome).toBe('malformed');
    }),
    { numRuns: 200 },
  );
});

function statementOf(content: string): object {
  return {
    ...{ format: 'slipway-revision/v1', site: 'store-0417', number: 7, template: 't', signedAt: '', needs: [] },
    ...{ content: crypto.sha256(content), secrets: crypto.sha256('{}') },
  };
}
