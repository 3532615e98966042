import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fetchUnpacked, IGNITION, keptUnpacked } from './unpacked.ts';

let cache = '';
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'slipway-unpacked-'));
});
afterEach(() => rm(cache, { recursive: true, force: true }));

async function keep(folder: string, version: string): Promise<void> {
  await mkdir(join(cache, folder));
  await writeFile(join(cache, folder, 'version'), version);
}

it('is the newest that was fetched, of its own release', async () => {
  await keep('ignition-bookworm-2026-01-30', '2.14-1');
  await keep('ignition-bookworm-2026-02-01', '2.14-2');
  await keep('ignition-trixie-2026-03-01', '2.14-3');
  expect(await keptUnpacked(cache, IGNITION)).toEqual({
    version: '2.14-2',
    files: join(cache, 'ignition-bookworm-2026-02-01', 'tree'),
  });
});

it('is missed where it was never fetched', async () => {
  await expect(keptUnpacked(cache, IGNITION)).rejects.toMatchObject({ code: 'tool-missing' });
  await expect(keptUnpacked(join(cache, 'none'), IGNITION)).rejects.toMatchObject({ code: 'tool-missing' });
});

it('that of today is not fetched again, and two days are kept', async () => {
  for (const day of ['01', '02', '03']) await keep(`ignition-bookworm-2026-02-${day}`, day);
  const said: string[] = [];
  const found = await fetchUnpacked(cache, IGNITION, '2026-02-03', (line) => said.push(line));
  expect([found.version, said]).toEqual(['03', []]);
  await rm(join(cache, 'ignition-bookworm-2026-02-03'), { recursive: true });
  expect((await keptUnpacked(cache, IGNITION)).version).toBe('02');
  await rm(join(cache, 'ignition-bookworm-2026-02-02'), { recursive: true });
  await expect(keptUnpacked(cache, IGNITION)).rejects.toMatchObject({ code: 'tool-missing' });
});
