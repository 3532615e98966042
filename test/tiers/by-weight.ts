import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { secondsOf } from './weights.ts';

/** Gives each part of a tier about the same work: vitest itself deals its files out by a hash of their names. */
export class ByWeight extends BaseSequencer {
  override async shard(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { shard, root } = this.ctx.config;
    if (!shard) return files;
    const parts = dealOut(
      files,
      shard.count,
      (file) => relative(root, file.moduleId),
      (file) => file.project.name,
    );
    return [...(parts[shard.index - 1] ?? [])];
  }
}

/** The heaviest first, each to the part that has least so far; the same for every part that works it out. */
export function dealOut<T>(
  files: readonly T[],
  count: number,
  pathOf: (file: T) => string,
  projectOf: (file: T) => string,
): readonly (readonly T[])[] {
  const rows = files.map((file) => ({
    file,
    key: `${pathOf(file)} ${projectOf(file)}`,
    seconds: secondsOf(pathOf(file)),
  }));
  rows.sort((a, b) => b.seconds - a.seconds || (a.key < b.key ? -1 : 1));
  const parts = Array.from({ length: count }, () => ({ seconds: 0, files: [] as T[] }));
  for (const { file, seconds } of rows) {
    const least = parts.reduce((best, part) => (part.seconds < best.seconds ? part : best));
    least.files.push(file);
    least.seconds += seconds;
  }
  return parts.map((part) => part.files);
}
