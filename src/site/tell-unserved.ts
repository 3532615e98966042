import { AppError } from '../kernel/errors.ts';
import type { Log } from '../kernel/ports.ts';
import type { RevisionSource } from '../model/site-ports.ts';
import { findUnserved, type ServeWorld } from './find-unserved.ts';

/**
 * Looks once, while machines are served already, whether all that the revision in force can name is served. It stays in
 * force whatever is found: its machines boot locally or wait, and the log says why.
 */
export function tellUnserved({
  revisions,
  log,
  ...world
}: ServeWorld & { readonly revisions: RevisionSource; readonly log: Log }): void {
  const revision = revisions.current();
  if (!revision) return;
  findUnserved(revision, world).then(
    (faults) => {
      for (const fault of faults) log.warn({ revision: revision.number, fault }, 'advertised, and not served');
    },
    (thrown: unknown) => log.error({ reason: AppError.from(thrown).message }, 'it was not found out what is served'),
  );
}
