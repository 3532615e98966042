import { describe, expect, it } from 'vitest';
import type { Digest } from '../../../kernel/digest.ts';
import type { Tag } from '../../../kernel/image-name.ts';
import { parseContentRange } from './content-range.ts';
import { cosignTags, isReferrerTag, referrersTag } from './referrers.ts';
import { parseTags } from './tags.ts';
import { parseTokenAnswer } from './token-answer.ts';

describe('answers of registries', () => {
  it('say which part they carry', () => {
    expect(parseContentRange('bytes 5-9/10')).toEqual({ first: 5, last: 9, sizeBytes: 10 });
    expect(parseContentRange('bytes 5-9/*')).toEqual({ first: 5, last: 9 });
    for (const bad of ['', 'bytes 9-5/10', 'bytes 5-10/10', 'bytes */10', 'items 1-2/3'])
      expect(parseContentRange(bad), bad).toBeUndefined();
  });

  it('list tags', () => {
    expect(parseTags('{"name":"a","tags":["1","2"]}')).toEqual(['1', '2']);
    expect(parseTags('{"name":"a","tags":null}')).toEqual([]);
    for (const bad of ['', '[]', '{}', '{"tags":[1]}', 'null']) expect(parseTags(bad), bad).toBeUndefined();
  });

  it('have tags for what refers to an image', () => {
    const subject = 'a'.repeat(64) as Digest;
    for (const tag of [referrersTag(subject), ...cosignTags(subject)]) expect(isReferrerTag(tag), tag).toBe(true);
    for (const tag of ['1.4', 'sha256-aa', `sha256-${subject}.sig.1`, `v-sha256-${subject}`])
      expect(isReferrerTag(tag as Tag), tag).toBe(false);
  });

  it('give tokens that can stand in a header', () => {
    expect(parseTokenAnswer('{"token":"t","expires_in":60}')).toEqual({ token: 't', expiresInSeconds: 60 });
    expect(parseTokenAnswer('{"access_token":"t","token":""}')).toEqual({ token: 't' });
    for (const bad of ['', '{}', '{"token":1}', '{"token":"a\\r\\nb: c"}', 'null', '{"token":"a b"}'])
      expect(parseTokenAnswer(bad), bad).toBeUndefined();
  });
});
