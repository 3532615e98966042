import type { Digest } from '../../../kernel/digest.ts';
import type { FileGroup } from '../../../model/content.ts';
import type { KnownRepository, ManifestPart } from './known.ts';

/** A manifest with its config and layers. An index goes after its images, of which a site has some, and they go one by one. */
export function groupsIn(repositories: readonly Pick<KnownRepository, 'manifests'>[]): readonly FileGroup[] {
  return repositories.flatMap(({ manifests }) =>
    [...manifests].map(([head, { parts }]) => ({
      head,
      parts: ofKind(parts, 'blob'),
      leadsTo: ofKind(parts, 'manifest'),
    })),
  );
}

function ofKind(parts: readonly ManifestPart[], wanted: ManifestPart['kind']): readonly Digest[] {
  return parts.filter(({ kind }) => kind === wanted).map(({ digest }) => digest);
}
