import { AppError } from '../../kernel/errors.ts';
import type { BlobSource } from '../../model/content.ts';
import type { FillFailure } from './policy/fill-machine.ts';

/** Why a file is not here, with a reason per source; with the code of the sources if they all say the same. */
export function explainFailures(
  name: string,
  failures: readonly FillFailure[],
  sources: readonly BlobSource[],
): AppError {
  const reasons = failures.map(({ source, because }) => `${sources[source]?.label ?? 'on disk'}: ${because}`);
  const [code = 'asset-unavailable', ...others] = new Set(
    failures.map((failure) => failure.code ?? 'asset-unavailable'),
  );
  const common = others.length === 0 ? code : 'asset-unavailable';
  return new AppError(common, `${name}: ${reasons.join('; ') || 'no source is named'}`);
}
