import type { Tone } from '../words/slot.ts';

/** A state is never told by its colour alone. */
const SIGNS: Readonly<Record<Tone, string>> = { good: '✓', busy: '↻', note: 'i', bad: '!', none: '–' };

export function State({ tone, word }: { tone: Tone; word: string }) {
  return (
    <span class={`state ${tone}`}>
      <span class="sign" aria-hidden="true">
        {SIGNS[tone]}
      </span>
      {word}
    </span>
  );
}
