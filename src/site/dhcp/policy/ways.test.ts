import { describe, expect, it } from 'vitest';
import { Bench, MAC, message, SPEAKS } from '../../../../test/packets/bench.ts';
import { loaders, revision } from '../../../../test/packets/world.ts';
import { loaderWord, OFFER_SHAPES } from '../../../model/boot-way.ts';
import type { HardwareClass } from '../../../model/revision.ts';
import { CLIENT_KINDS } from './client-kinds.ts';
import { overridden } from './ways.ts';

const ROLES = ['authoritative', 'proxy'] as const;
const uefi = CLIENT_KINDS.find(({ name }) => name === 'uefi-x64')?.ways('authoritative') ?? [];
const iPxe = CLIENT_KINDS.find(({ name }) => name === 'ipxe')?.ways('authoritative') ?? [];

describe('what the template says of a class of hardware', () => {
  it('nothing changes nothing', () => {
    expect(overridden(uefi, {}, 'authoritative')).toEqual(uefi);
  });

  it('a loader leaves the ways that have it', () => {
    const ways = overridden(uefi, { loader: 'ipxe-drivers' }, 'authoritative');
    expect([...new Set(ways.map(({ loader }) => loader))]).toEqual(['ipxe.efi']);
    expect(ways.map(({ shape }) => shape)).toEqual(['file', 'no-menu', 'ask-boot-server']);
  });

  it('a loader that this kind does not have changes nothing', () => {
    const bios = CLIENT_KINDS.find(({ name }) => name === 'bios')?.ways('authoritative') ?? [];
    expect(overridden(bios, { loader: 'shim' }, 'authoritative')).toEqual(bios);
  });

  it('a form is the only one, for each loader', () => {
    const ways = overridden(uefi, { offer: 'plain-file', loader: 'ipxe' }, 'authoritative');
    expect(ways).toEqual([{ shape: 'plain-file', loader: 'snponly.efi' }]);
  });

  it('a form is nothing to iPXE, and one without PXEClient nothing beside another server', () => {
    expect(overridden(iPxe, { offer: 'plain-file' }, 'authoritative')).toEqual(iPxe);
    expect(overridden(uefi, { offer: 'file' }, 'proxy')).toEqual(uefi);
  });

  it('counts from the first packet on, where the MAC tells the class', () => {
    const card: HardwareClass = {
      ...{ name: 'card', match: { mac: `${MAC.slice(0, 8)}:*` }, arch: 'amd64', localBoot: 'exit' },
      ...{ loader: 'ipxe-drivers', offer: 'plain-file' },
    };
    const bench = new Bench({ ...revision(), hardware: [card] });
    bench.loaders = loaders('ipxe.efi', 'snponly.efi');
    const { reply } = bench.ask(message('discover', SPEAKS.uefi));
    expect([reply?.file, reply?.siaddr]).toEqual(['ipxe.efi', '10.7.0.1']);
    expect(reply?.options.filter(({ code }) => code === 66 || code === 67)).toEqual([]);
    expect(bench.ask(message('discover', SPEAKS.ipxe)).reply?.file).toBe('http://10.7.0.1/boot.ipxe');
  });
});

describe('the table of client kinds', () => {
  it('has each name once, and ways of known forms only', () => {
    const names = CLIENT_KINDS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const kind of CLIENT_KINDS) {
      for (const { shape, loader } of ROLES.flatMap((role) => kind.ways(role))) {
        expect(OFFER_SHAPES).toContain(shape);
        if (loader !== undefined) expect(loaderWord(loader), loader).toBeDefined();
      }
    }
  });

  it('beside another server no answer lacks PXEClient', () => {
    const shapes = CLIENT_KINDS.filter(({ client }) => client === 'firmware').flatMap((kind) => kind.ways('proxy'));
    expect(shapes.filter(({ shape }) => shape === 'file')).toEqual([]);
  });
});

it('a Raspberry Pi boots only what the template brings for it', () => {
  const none = new Bench().ask(message('discover', SPEAKS.bios, { mac: 'dc:a6:32:00:00:01' }));
  expect(none.ignore?.because).toBe('there is no loader for Raspberry Pi');
});
