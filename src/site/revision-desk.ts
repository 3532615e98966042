import { AppError } from '../kernel/errors.ts';
import type { RevisionView } from '../wire/api/revision.ts';
import type { Freezer } from './freeze.ts';
import type { RunningDown } from './link/down/ports.ts';
import { viewSteering } from './link/policy/words.ts';
import type { RevisionDesk } from './link/routes.ts';
import type { Revisions } from './revisions.ts';

/** Who says it at the control socket. */
const BY = 'cli';

/** What a person may see of revisions, and do about them. `down` undefined: the site makes its own. */
export function createRevisionDesk(parts: {
  readonly revisions: Revisions;
  readonly down?: RunningDown | undefined;
  readonly freezer: Freezer;
}): RevisionDesk {
  const { revisions, down, freezer } = parts;
  const steeredOnly = (): RunningDown => {
    if (down) return down;
    throw new AppError('command-refused', 'this site makes its own revisions: head office sends it none');
  };
  return {
    view: (): RevisionView => {
      const current = revisions.current();
      const refused = revisions.refusal();
      return {
        ...(current ? { inForce: { number: current.number, digest: current.digest, template: current.template } } : {}),
        ...(down
          ? {
              steered: viewSteering({
                ...{ have: down.have(), report: down.state(), bad: down.bad() },
                ...{ freeze: freezer.now(), hasOne: current !== undefined },
              }),
            }
          : {}),
        ...(refused === undefined ? {} : { templateRefused: refused }),
      };
    },
    retry: async () => steeredOnly().retry(),
    freeze: async (body) => {
      steeredOnly();
      return freezer.freeze(body, BY);
    },
    thaw: async () => {
      const steering = steeredOnly();
      const sentence = await freezer.thaw(BY);
      steering.look();
      return sentence;
    },
  };
}
