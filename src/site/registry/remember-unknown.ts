import { formatReference } from '../../kernel/image-name.ts';
import type { Clock } from '../../kernel/ports.ts';
import { err, type Result } from '../../kernel/result.ts';
import { NegativeCache } from './policy/negative-cache.ts';
import type { UpstreamFailure, UpstreamRegistry } from './upstream-port.ts';

const UNKNOWN: UpstreamFailure = {
  kind: 'unknown',
  because: 'its registry said a moment ago that there is no such thing',
};

/** The same registry, which is not asked again at once for what it has just said that it does not have. */
export function rememberUnknown(registry: UpstreamRegistry, clock: Clock): UpstreamRegistry {
  const unknown = new NegativeCache();
  const asked = async <T>(
    key: string,
    ask: () => Promise<Result<T, UpstreamFailure>>,
  ): Promise<Result<T, UpstreamFailure>> => {
    if (unknown.has(key, clock.monotonic())) return err(UNKNOWN);
    const answer = await ask();
    if (!answer.ok && answer.error.kind === 'unknown') unknown.add(key, clock.monotonic());
    return answer;
  };
  return {
    ...registry,
    head: (repository, reference, ask) =>
      asked(`manifest ${repository} ${formatReference(reference)}`, () => registry.head(repository, reference, ask)),
    manifest: (repository, reference, ask) =>
      asked(`manifest ${repository} ${formatReference(reference)}`, () =>
        registry.manifest(repository, reference, ask),
      ),
    headBlob: (repository, digest, ask) =>
      asked(`blob ${repository} ${digest}`, () => registry.headBlob(repository, digest, ask)),
  };
}
