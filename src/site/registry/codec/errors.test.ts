import { expect, it } from 'vitest';
import { formatErrorBody, parseErrorBody, statusOf } from './errors.ts';

it('says errors as the spec has them', () => {
  const error = { code: 'MANIFEST_UNKNOWN', message: 'not here', detail: { tag: '1' } } as const;
  expect(formatErrorBody(error)).toBe(
    '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"not here","detail":{"tag":"1"}}]}',
  );
  expect(statusOf(error)).toBe(404);
  expect(parseErrorBody(formatErrorBody(error))).toBe('MANIFEST_UNKNOWN: not here');
});

it('repeats little of what others say', () => {
  expect(parseErrorBody('<html>')).toBeUndefined();
  expect(parseErrorBody('{"errors":[]}')).toBeUndefined();
  expect(parseErrorBody('{"errors":[{"message":"a\\nb"}]}')).toBe('a b');
  expect(parseErrorBody(JSON.stringify({ errors: [{ code: 'X', message: 'y'.repeat(1000) }] }))?.length).toBe(200);
});
