import { describe, expect, it } from 'vitest';
import { chooseOffer } from './choose-offer.ts';
import type { ServerMessage } from './dhcp-packet.ts';
import { type SimKindName, simKind } from './kinds.ts';

const text = (value: string): Uint8Array => Uint8Array.from(value, (letter) => letter.charCodeAt(0));
const PXE = [60, text('PXEClient')] as const;
const HTTP = [60, text('HTTPClient')] as const;
const USE_FILE = [43, Uint8Array.of(6, 1, 8, 255)] as const;
const file = (name: string) => [67, text(name)] as const;
type Option = readonly [code: number, bytes: Uint8Array];

function offer(options: readonly Option[] = [], parts: Partial<ServerMessage> = {}): ServerMessage {
  const server = Uint8Array.of(10, 0, 0, 1);
  const plain = { type: 2, xid: 1, mac: '02:00:00:00:00:01', address: '10.0.0.9', next: '10.0.0.1', file: '' };
  return { ...plain, server, options: new Map(options), ...parts };
}

const proxy = (options: readonly Option[], parts: Partial<ServerMessage> = {}): ServerMessage =>
  offer(options, { address: '0.0.0.0', server: Uint8Array.of(10, 0, 0, 2), next: '10.0.0.2', ...parts });
const tftp = (name: string, server = '10.0.0.1') => ({ kind: 'tftp', server, file: name });

describe('a client chooses among the offers', () => {
  it.each<[string, SimKindName, readonly ServerMessage[], object | string | undefined]>([
    ['UEFI takes the file of a plain offer', 'uefi', [offer([file('a.efi')])], tftp('a.efi')],
    ['and the one of the header', 'uefi', [offer([], { file: 'a.efi' })], tftp('a.efi')],
    [
      'UEFI asks on 4011 after PXEClient without 43',
      'uefi',
      [offer([PXE, file('a.efi')])],
      { kind: 'ask', server: '10.0.0.1' },
    ],
    ['and takes the file where 43.6 says so', 'uefi', [offer([PXE, USE_FILE, file('a.efi')])], tftp('a.efi')],
    [
      'of a server that only boots it asks on 4011',
      'uefi',
      [offer(), proxy([PXE])],
      { kind: 'ask', server: '10.0.0.2' },
    ],
    [
      'a proxy that does not say PXEClient is nobody',
      'uefi',
      [offer(), proxy([file('a.efi')])],
      'an address, and nothing to boot',
    ],
    ['a proxy alone gives no address', 'bios', [proxy([PXE, USE_FILE, file('a')])], 'nobody gives it an address'],
    [
      'BIOS takes the file of a proxy with 43.6',
      'bios',
      [offer(), proxy([PXE, USE_FILE, file('a')])],
      tftp('a', '10.0.0.2'),
    ],
    [
      'HTTP boot wants HTTPClient and a URL',
      'uefi-http',
      [offer([HTTP, file('http://10.0.0.1/a.efi')])],
      { kind: 'http', url: 'http://10.0.0.1/a.efi' },
    ],
    ['and takes no file', 'uefi-http', [offer([PXE, file('a.efi')])], 'an address, and nothing to boot'],
    [
      'iPXE takes a URL',
      'ipxe',
      [offer([file('http://10.0.0.1/boot.ipxe')])],
      { kind: 'http', url: 'http://10.0.0.1/boot.ipxe' },
    ],
    [
      'of a proxy only with PXEClient',
      'ipxe',
      [offer(), proxy([file('http://10.0.0.2/x')])],
      'an address, and nothing to boot',
    ],
    ['U-Boot reads the header alone', 'u-boot', [offer([file('a')])], 'an address, and nothing to boot'],
    ['and finds it there', 'u-boot', [offer([], { file: 'a' })], tftp('a')],
    ['an installed system boots nothing', 'os', [offer([file('a')])], undefined],
    ['without an offer', 'os', [], 'no answer'],
  ])('%s', (_, name, offers, expected) => {
    const choice = chooseOffer(simKind(name), offers);
    expect(choice.ok ? choice.value.place : choice.error).toEqual(expected);
  });
});
