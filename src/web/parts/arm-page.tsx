import type { SiteStatus } from '../../wire/api/views.ts';
import { tell } from '../api.ts';
import type { Route } from '../route.ts';
import { BUTTONS, plainSentence } from '../words/plain.ts';
import { armingWords } from '../words/site.ts';
import { CommandForm } from './command-form.tsx';

/** A person says that this is a new store, so that it may install. */
export function ArmPage({ status, finish }: { status: SiteStatus; finish: (sentence: string, to: Route) => void }) {
  const label = status.doubt === undefined ? BUTTONS.arm : 'Allow installing again';
  const send = async (pin: string): Promise<void> => {
    const { sentence } = await tell('arm', {}, pin);
    finish(plainSentence(sentence), { at: 'home' });
  };
  const { why, will } = armingWords(status);
  return (
    <CommandForm title={label} will={will} button={label} isDanger asksPin back="#/" send={send}>
      <p>{why}</p>
    </CommandForm>
  );
}
