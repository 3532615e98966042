import type { ImageStateWord, ImageView } from '../../wire/api/images.ts';
import { capital } from './plain.ts';
import type { Tone } from './slot.ts';

const WORDS: Readonly<Record<ImageStateWord, { readonly word: string; readonly tone: Tone }>> = {
  complete: { word: 'Here', tone: 'good' },
  partial: { word: 'On its way', tone: 'busy' },
  waiting: { word: 'Not begun', tone: 'none' },
  failed: { word: 'Not here', tone: 'bad' },
};

/** How far an image is, in a word. */
export function imageWords(state: ImageStateWord): { readonly word: string; readonly tone: Tone } {
  return WORDS[state];
}

/** What there is to say of an image besides; empty: nothing. */
export function imageNotes({ state, sentence, requiredBy }: ImageView): readonly string[] {
  const missing = state !== 'complete';
  return [
    ...(missing && state !== 'waiting' ? [`${capital(sentence)}.`] : []),
    ...(missing && requiredBy.length > 0 ? [`Machines that run ${requiredBy.join(', ')} wait for it.`] : []),
  ];
}

/** How many images are here, in a line. */
export function imagesSummary(images: readonly ImageView[]): string {
  const complete = images.filter(({ state }) => state === 'complete').length;
  return complete === images.length ? `Images (${images.length})` : `Images (${complete} of ${images.length} here)`;
}
