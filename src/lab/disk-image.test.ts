import { describe, expect, test } from 'vitest';
import { layOutDisk } from './disk-image.ts';

const bootSector = new Uint8Array(512).fill(1);

describe('the disk that the installer writes', () => {
  test('is a boot record with one partition, the boot loader, and the partition at one MiB', () => {
    const disk = layOutDisk(bootSector, new Uint8Array(600).fill(2), new Uint8Array(2048).fill(3));
    expect(disk).toHaveLength(1_048_576 + 2048);
    expect([...disk.subarray(438, 447)]).toEqual([1, 1, 0, 0, 0, 0, 0, 0, 0x80]);
    expect([...disk.subarray(446, 462)]).toEqual([
      0x80, 0xfe, 0xff, 0xff, 0xef, 0xfe, 0xff, 0xff, 0, 8, 0, 0, 4, 0, 0, 0,
    ]);
    expect([...disk.subarray(510, 514)]).toEqual([0x55, 0xaa, 2, 2]);
    expect([...disk.subarray(1_048_574, 1_048_578)]).toEqual([0, 0, 3, 3]);
  });

  test('has no room for a boot loader that would run into the partition', () => {
    const core = new Uint8Array(1_048_576 - 512);
    expect(() => layOutDisk(bootSector, core, new Uint8Array(512))).not.toThrow();
    expect(() => layOutDisk(bootSector, new Uint8Array(core.length + 1), new Uint8Array(512))).toThrow('does not fit');
  });
});
