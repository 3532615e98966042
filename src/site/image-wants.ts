import { formatImageReference, type ImageReference, parseImageReference } from '../kernel/image-name.ts';
import type { Platform } from '../kernel/platform.ts';
import type { Clock, Log } from '../kernel/ports.ts';
import { formatBytes } from '../kernel/quantity.ts';
import type { Images, WantedImage } from '../model/images.ts';
import { IMAGE_PIN, imageHereMark } from '../model/order.ts';
import type { Revision } from '../model/revision.ts';
import type { RevisionSource } from '../model/site-ports.ts';
import type { Store } from '../model/store.ts';
import { whichRepository } from './registry/policy/which-repository.ts';
import type { Wanted } from './registry/wanted.ts';

export type ImageFacts = { readonly store: Store; readonly revisions: RevisionSource };

/** What this site is to have: what the revision in force wants, and what people of the site keep. */
export function wantedHere({ store, revisions }: ImageFacts): readonly Wanted[] {
  const revision = revisions.current();
  const wanted = (revision?.images?.wanted ?? []).map((image): Wanted => ({ image, by: 'revision' }));
  return [...wanted, ...pinned({ store, revisions }, revision).map((image): Wanted => ({ image, by: 'person' }))];
}

/** What revisions wanted that are not in force, and that the site may go back to or a machine boots by. */
export function keptImages({ revisions }: Pick<ImageFacts, 'revisions'>): readonly WantedImage[] {
  return (revisions.inUse?.() ?? []).flatMap(({ images }) => images?.wanted ?? []);
}

/** In the platforms of the machines of this site; only what the template still lets this site mirror. */
function pinned({ store }: ImageFacts, revision: Revision | undefined): readonly WantedImage[] {
  const platforms = revision ? platformsOf(revision) : [];
  return [...store.state.marks.keys()].flatMap((key) => {
    const image = key.startsWith(IMAGE_PIN) ? parseImageReference(key.slice(IMAGE_PIN.length)) : undefined;
    if (!image || !isMirrored(image, revision?.images)) return [];
    return [{ name: formatImageReference(image), image, platforms, referrers: true }];
  });
}

function platformsOf({ slots }: Revision): readonly Platform[] {
  const arches = new Set(Object.values(slots).map(({ profile }) => profile.arch));
  return (arches.size > 0 ? [...arches] : ['amd64']).map((architecture) => ({ os: 'linux', architecture }));
}

/** Whether the template has the repository among those that this site mirrors. */
export function isMirrored({ upstream, repository }: ImageReference, images: Images | undefined): boolean {
  return whichRepository(repository, upstream, images?.upstreams ?? []).ok;
}

/** Writes down, once for each image and revision, that it is here. */
export function createNoteComplete({
  store,
  revisions,
  clock,
  log,
}: ImageFacts & { readonly clock: Clock; readonly log: Log }): (wanted: Wanted, sizeBytes: number) => void {
  return ({ image, by }, sizeBytes) => {
    const revision = revisions.current();
    if (by !== 'revision' || !revision) return;
    const name = formatImageReference(image.image);
    const [key, told, at] = [imageHereMark(image.name), `${revision.digest} ${name}`, clock.now()];
    if (store.state.marks.get(key)?.because === told) return;
    const sentence = `Image ${image.name} (${name}) is here whole, ${formatBytes(sizeBytes)}: revision ${revision.number} wants it`;
    const data = { name: image.name, image: name, revision: revision.number, sizeBytes };
    store
      .commit(
        [{ table: 'marks', key, row: { at, by: 'site', because: told } }],
        [{ type: 'image-complete', at, sentence, data }],
      )
      .catch((error: unknown) => log.warn({ error }, 'that an image is here could not be written down'));
  };
}
