import { AppError } from '../kernel/errors.ts';
import {
  formatImageReference,
  formatOciDigest,
  type ImageReference,
  parseImageReference,
} from '../kernel/image-name.ts';
import { formatPlatform } from '../kernel/platform.ts';
import type { Clock } from '../kernel/ports.ts';
import type { NewEvent } from '../model/event.ts';
import type { ImageState } from '../model/images.ts';
import { IMAGE_PIN } from '../model/order.ts';
import type { Revision } from '../model/revision.ts';
import type { ImageEntry, ImageView, SiteImages } from '../wire/api/images.ts';
import type { ImageDesk } from './image-routes.ts';
import { type ImageFacts, isMirrored } from './image-wants.ts';
import type { ImageMeter } from './registry/meter.ts';
import { percentOf, sayState } from './registry/policy/wanted-state.ts';
import type { RunningWanted, WantedState } from './registry/wanted.ts';
import type { VerifyDesk } from './verify-desk.ts';

export type ImageDeskParts = ImageFacts & {
  readonly wanted: RunningWanted;
  readonly meter: ImageMeter;
  readonly verify: VerifyDesk;
  readonly clock: Clock;
};

/** What people and programs see of wanted images, and do with them. */
export function createImageDesk(parts: ImageDeskParts): ImageDesk {
  const commands = { pull, pin, unpin };
  return {
    view: () => {
      const verify = parts.verify.view();
      const [images, fetched] = [viewImages(parts), viewFetched(parts.meter)];
      return { at: parts.clock.now(), images, fetched, ...(verify && { verify }) };
    },
    carryOut: (command, image) => commands[command](parts, image),
    verify: () => parts.verify.begin(),
  };
}

/** Those of the revision in force first. */
export function viewImages({ wanted, revisions }: Pick<ImageDeskParts, 'wanted' | 'revisions'>): readonly ImageView[] {
  const revision = revisions.current();
  return wanted.states().map((one) => viewImage(one, revision));
}

function viewFetched({ fetchedDigests }: ImageMeter): SiteImages['fetched'] {
  return [...fetchedDigests].map(([digest, bytes]) => ({ digest: formatOciDigest(digest), bytes }));
}

/** What head office is told; it hears of each tenth. */
export function imageEntries(images: readonly ImageView[]): readonly ImageEntry[] | undefined {
  if (images.length === 0) return undefined;
  return images.map(({ name, image, by, state, sentence, percent }) => ({
    ...{ name, image, by, state },
    sentence: percent === undefined ? sentence : `${Math.floor(percent / 10) * 10} %`,
  }));
}

function viewImage({ image, by, state, isFetching }: WantedState, revision: Revision | undefined): ImageView {
  const profiles = Object.values(revision?.slots ?? {}).map(({ profile }) => profile);
  const requiring = profiles.filter(({ requiresImages }) => by === 'revision' && requiresImages?.includes(image.name));
  return {
    ...{ name: image.name, image: formatImageReference(image.image), platforms: image.platforms.map(formatPlatform) },
    ...{ by, state: state.kind, sentence: sayState(state), fetching: isFetching },
    ...howFar(state),
    requiredBy: [...new Set(requiring.map(({ name }) => name))].sort(),
  };
}

function howFar(state: ImageState): Pick<ImageView, 'doneBytes' | 'sizeBytes' | 'percent' | 'because'> {
  switch (state.kind) {
    case 'complete':
      return { doneBytes: state.sizeBytes, sizeBytes: state.sizeBytes };
    case 'partial':
      return { doneBytes: state.doneBytes, sizeBytes: state.sizeBytes, percent: percentOf(state) };
    case 'failed':
      return { because: state.because };
    case 'waiting':
      return {};
    default:
      return state satisfies never;
  }
}

async function pull({ wanted }: ImageDeskParts, text: string): Promise<string> {
  const found = wanted.states().find(({ image }) => isCalled(image, text));
  if (!found)
    throw new AppError(
      'not-found',
      `no image that this site keeps is called ${JSON.stringify(text)}: slipway images list has their names, and slipway images pin has it keep another one`,
    );
  // It may take hours: whoever asks looks at how far it is.
  wanted.pull(found.image.name).catch(() => undefined);
  return `Image ${found.image.name} is being fetched.`;
}

async function pin(parts: ImageDeskParts, text: string): Promise<string> {
  const { store, revisions, wanted } = parts;
  const image = readName(text);
  const name = formatImageReference(image);
  if (!isMirrored(image, revisions.current()?.images))
    throw new AppError(
      'command-refused',
      `${name} is not among what this site mirrors: its registry and repository must be in images.upstreams of the template`,
    );
  if (!store.state.marks.has(IMAGE_PIN + name)) {
    const sentence = `Image ${name} is kept at this site, also when no revision wants it`;
    await commitPin(parts, { name, isPinned: true, sentence });
    wanted.changed({ now: true });
    // The round that goes on may have to do with a registry that is silent.
    wanted.pull(name).catch(() => undefined);
  }
  return `Image ${name} is kept here from now on, and fetched: slipway images list shows how far it is.`;
}

async function unpin(parts: ImageDeskParts, text: string): Promise<string> {
  const name = formatImageReference(readName(text));
  if (!parts.store.state.marks.has(IMAGE_PIN + name))
    throw new AppError('not-found', `nobody keeps ${name} here: slipway images list shows what is kept, and by whom`);
  const sentence = `Image ${name} is not kept any more, unless a revision wants it`;
  await commitPin(parts, { name, isPinned: false, sentence });
  parts.wanted.changed();
  return `${sentence}.`;
}

function commitPin(
  { store, clock }: ImageDeskParts,
  { name, isPinned, sentence }: { readonly name: string; readonly isPinned: boolean; readonly sentence: string },
): Promise<void> {
  const at = clock.now();
  const row = isPinned ? { at, by: 'cli' } : null;
  const event: NewEvent = { type: 'image-pinned', at, sentence, data: { image: name, pinned: isPinned } };
  return store.commit([{ table: 'marks', key: IMAGE_PIN + name, row }], [event]);
}

function isCalled({ name, image }: WantedState['image'], text: string): boolean {
  const read = parseImageReference(text);
  return name === text || (read !== undefined && formatImageReference(read) === formatImageReference(image));
}

function readName(text: string): ImageReference {
  const image = parseImageReference(text);
  if (!image)
    throw new AppError(
      'usage-invalid',
      `${JSON.stringify(text)} is no name of an image, such as registry.example.com/pos/app:1.4`,
    );
  return image;
}
