import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../src/kernel/errors.ts';
import type { Report } from '../../src/lab/command.ts';
import type { Asset } from '../../src/model/revision.ts';
import type { SourceRequest } from '../../src/site/content/sources/request.ts';
import { sourcesOf } from '../../src/site/content/sources/sources.ts';
import { loadersOf } from '../../src/site/loader-manifest-file.ts';

const STALL_MS = 30_000;

/** Puts every loader of the list into `folder`: nothing inside a test's own network could fetch it. */
export async function fetchLoaderFiles(folder: string, report: Report): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { asset } of await loadersOf({})) {
    const path = join(folder, asset.name);
    const kept = await readFile(path).catch(() => undefined);
    if (kept && digestOf(kept) === asset.digest) continue;
    report(`fetching the loader ${asset.name}`);
    const scratchDir = await mkdtemp(join(folder, '.fetch-'));
    try {
      await writeFile(join(scratchDir, 'whole'), await fetchOne(asset, scratchDir));
      await rename(join(scratchDir, 'whole'), path);
    } finally {
      await rm(scratchDir, { recursive: true, force: true });
    }
  }
}

async function fetchOne(asset: Asset, scratchDir: string): Promise<Uint8Array> {
  const { signal } = new AbortController();
  const request: SourceRequest = { fromByte: 0, stallMs: STALL_MS, priority: () => 'boot', signal };
  const failures: string[] = [];
  for (const source of sourcesOf(asset.sources, scratchDir)) {
    try {
      const parts: Uint8Array[] = [];
      for await (const part of (await source.deliver(request)).chunks) parts.push(part);
      const bytes = Buffer.concat(parts);
      if (digestOf(bytes) === asset.digest) return bytes;
      failures.push(`${source.label}: it is another one`);
    } catch (error) {
      failures.push(`${source.label}: ${(error as Error).message}`);
    }
  }
  throw new AppError('asset-unavailable', `${asset.name}: ${failures.join('; ')}`);
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
