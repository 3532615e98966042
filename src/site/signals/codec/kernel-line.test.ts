import { describe, expect, it, test } from 'vitest';
import { parseKernelLine } from './kernel-line.ts';

describe('a line of the kernel log', () => {
  it('is read as Talos writes it', () => {
    const line =
      '{"clock":8994488,"facility":"kern","msg":"EXT4-fs error (device vda6): bad block\\n","priority":"err","seq":711,"talos-level":"warn","talos-time":"2024-03-01T10:00:00.5Z"}';
    expect(parseKernelLine(line)).toEqual({
      ok: true,
      value: { message: 'EXT4-fs error (device vda6): bad block', level: 3, facility: 'kern' },
    });
  });

  it('of a service has only a level of Talos', () => {
    expect(parseKernelLine('{"msg":"x","talos-level":"error"}')).toMatchObject({ value: { level: 3, facility: '' } });
  });

  test.each(['{"msg":"x"}', '{"msg":"x","priority":"constructor"}', '{"msg":"x","priority":4}'])(
    'without a level that we know is information: %s',
    (line) => {
      expect(parseKernelLine(line)).toMatchObject({ value: { level: 6 } });
    },
  );

  test.each([
    ['<4>plain text', 'it is not JSON'],
    ['[1]', 'it is not a JSON object'],
    ['null', 'it is not a JSON object'],
    ['{"msg":1}', 'it has no text `msg`'],
    ['{}', 'it has no text `msg`'],
  ])('is refused if it is something else: %s', (line, error) => {
    expect(parseKernelLine(line)).toEqual({ ok: false, error });
  });
});
