import { describe, expect, it } from 'vitest';
import { message } from '../../../../test/packets/bench.ts';
import type { OptionName } from './options.ts';
import { formatOption, hintOf, messageTypeOf, OPTIONS, option, readOption } from './options.ts';

function with_(code: number, ...bytes: number[]) {
  return message('discover', [{ code, bytes: Uint8Array.from(bytes) }]);
}

describe('absent and malformed are different answers', () => {
  it.each<[OptionName, number[]]>([
    ['requestedAddress', [10, 0, 0]],
    ['requestedAddress', []],
    ['routers', [10, 0, 0, 1, 10]],
    ['routers', []],
    ['leaseSeconds', [0, 0, 1]],
    ['maxMessageBytes', [5]],
    ['clientArch', [0]],
    ['clientArch', []],
    ['machineUuid', [0, 1, 2]],
    ['machineUuid', [255, ...new Array(16).fill(1)]],
    ['ipxe', [19, 9, 1]],
  ])('%s of %j is malformed', (name, bytes) => {
    expect(readOption(with_(OPTIONS[name].code, ...bytes), name).kind).toBe('malformed');
    expect(hintOf(with_(OPTIONS[name].code, ...bytes), name)).toBeUndefined();
  });

  it('an option that is not there is absent', () => {
    expect(readOption(message('discover'), 'machineUuid')).toEqual({ kind: 'absent' });
  });
});

describe('values', () => {
  it('lists every architecture of option 93', () => {
    expect(hintOf(with_(93, 0, 7, 0, 9), 'clientArch')).toEqual([7, 9]);
  });

  it.each([
    ['bare text, as iPXE writes it', [105, 80, 88, 69], ['iPXE']],
    ['RFC 3004', [4, 105, 80, 88, 69], ['iPXE']],
    ['RFC 3004 with two classes', [1, 65, 2, 66, 67], ['A', 'BC']],
    ['lengths that do not add up', [9, 105, 80], ['\tiP']],
  ])('reads option 77: %s', (_name, bytes, classes) => {
    expect(hintOf(with_(77, ...bytes), 'userClass')).toEqual(classes);
  });

  it('reads option 97 as SMBIOS tools print it, and writes it back', () => {
    const uuid = '1a2b3c4f-4d5e-6f7c-8091-a2b3c4d5e6f7';
    const raw = option('machineUuid', uuid);
    expect([...raw.bytes.subarray(0, 9)]).toEqual([0, 0x4f, 0x3c, 0x2b, 0x1a, 0x5e, 0x4d, 0x7c, 0x6f]);
    expect(hintOf(message('discover', [raw]), 'machineUuid')).toBe(uuid);
  });

  it('drops NULs at the end of text', () => {
    expect(hintOf(with_(12, 65, 66, 0, 0), 'hostname')).toBe('AB');
  });

  it.each([
    [1, 'discover'],
    [8, 'inform'],
    [0, undefined],
    [9, undefined],
  ])('option 53 of %i is %s', (value, type) => {
    const asked = { ...message('discover'), options: [option('messageType', value)] };
    expect(messageTypeOf(asked)).toBe(type);
  });
});

describe('the table', () => {
  it('has no code twice', () => {
    const codes = Object.values(OPTIONS).map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
  });

  it.each([
    [{ code: 51, bytes: Uint8Array.of(0, 0, 1, 44) }, '51 leaseSeconds = 300'],
    [{ code: 51, bytes: Uint8Array.of(1) }, '51 leaseSeconds = malformed: 01'],
    [{ code: 224, bytes: Uint8Array.of(1, 255) }, '224 = 01 ff'],
    [{ code: 53, bytes: Uint8Array.of(3) }, '53 messageType = request'],
  ])('prints %j', (raw, text) => {
    expect(formatOption(raw)).toBe(text);
  });
});
