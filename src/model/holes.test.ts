import { describe, expect, test } from 'vitest';
import { fillHoles, findHoles, HOLES, sampleHoleValues, secretsIn } from './holes.ts';

const values = sampleHoleValues();

describe('findHoles', () => {
  test('finds known, unknown and unclosed ones with their offsets, and skips the escaped', () => {
    expect(findHoles('a @{boot.mac} @{nope} @@{x} @{open\n}')).toEqual([
      { name: 'boot.mac', offset: 2, closed: true },
      { name: 'nope', offset: 14, closed: true },
      { name: 'open', offset: 28, closed: false },
    ]);
  });
});

describe('fillHoles', () => {
  test('every hole of the list has a sample that can be filled anywhere', () => {
    for (const name of Object.keys(HOLES)) {
      for (const target of ['cmdline', 'yaml', 'ipxe'] as const) {
        expect(fillHoles(`x@{${name}}`, values, target).ok).toBe(true);
      }
    }
  });

  test.each([
    ['cmdline', 'nocloud-net;s=@{boot.url.nocloud}', 'nocloud-net;s=http://192.0.2.1/nocloud/52:54:00:00:00:01/'],
    ['ipxe', 'chain @{boot.url.base}/boot.ipxe', 'chain http://192.0.2.1/boot.ipxe'],
    ['yaml', 'mac: @{boot.mac}', 'mac: "52:54:00:00:00:01"'],
    ['yaml', 'a:\n  - @{boot.mac}  # ours\nb: 1', 'a:\n  - "52:54:00:00:00:01"  # ours\nb: 1'],
    ['yaml', 'mac: "@{boot.mac}"', 'mac: "52:54:00:00:00:01"'],
    ['yaml', 'run: curl @{boot.url.base}/x', 'run: curl http://192.0.2.1/x'],
    ['yaml', '#!/bin/sh\nurl: @{boot.url.base}', '#!/bin/sh\nurl: http://192.0.2.1'],
    ['yaml', 'git: "@@{upstream}"', 'git: "@{upstream}"'],
  ] as const)('%s: %s', (target, text, wanted) => {
    expect(fillHoles(text, values, target)).toEqual({ ok: true, value: wanted });
  });

  test.each(['a b', 'x\nkernel y', '$\u007bnet0/mac}', 'a"b', "a'b", 'ä'])(
    'refuses the value %j in every target',
    (value) => {
      for (const target of ['cmdline', 'yaml', 'ipxe'] as const) {
        expect(fillHoles('x=@{boot.mac}', { 'boot.mac': value }, target).ok).toBe(false);
      }
    },
  );

  describe('secrets', () => {
    const odd = 'p"ss: $1 #\nline';
    const given = { 'secret.a': '$6$salt$hash/.', 'secret.odd': odd };

    test.each([
      ['yaml', 'token: @{secret.odd}', `token: ${JSON.stringify(odd)}`],
      ['json', '{"t": "@{secret.odd}"}', JSON.stringify({ t: odd }).replace(':', ': ')],
      ['text', 'password @{secret.a}', 'password $6$salt$hash/.'],
      ['yaml', 'run: x-@{secret.a}', 'run: x-$6$salt$hash/.'],
    ] as const)('%s: %s', (target, text, wanted) => {
      expect(fillHoles(text, given, target)).toEqual({ ok: true, value: wanted });
    });

    test.each([
      ['cmdline', 'x=@{secret.a}'],
      ['ipxe', 'echo @{secret.a}'],
      ['text', 'password @{secret.odd}'],
      ['json', '{"t": "x @{secret.odd}"}'],
      ['yaml', 'run: x-@{secret.odd}'],
      ['yaml', '#!/bin/sh\necho @{secret.a}'],
      ['yaml', 'token: @{secret.b}'],
    ] as const)('%s refuses %s, and does not say the value', (target, text) => {
      const filled = fillHoles(text, given, target);
      expect(filled.ok).toBe(false);
      expect(filled.ok ? '' : filled.error).not.toContain('ss: $1');
    });

    test('are found by name, each once', () => {
      expect(secretsIn('@{secret.a} @{boot.mac} @{secret.b} @{secret.a} @{secret.c')).toEqual(['a', 'b']);
    });
  });

  test('refuses a hole that nobody can fill, also one named like a property of every object', () => {
    expect(fillHoles('@{boot.disk}', values, 'yaml').ok).toBe(false);
    expect(fillHoles('@{constructor}', values, 'yaml').ok).toBe(false);
    expect(fillHoles('@{boot.mac', values, 'yaml').ok).toBe(false);
  });

  test('what was filled in is not looked at again', () => {
    expect(fillHoles('@{boot.mac}', { 'boot.mac': '@@boot.url.base' }, 'cmdline')).toEqual({
      ok: true,
      value: '@@boot.url.base',
    });
  });
});
