import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { Refusal } from '../api.ts';

type FormProps = {
  readonly title: string;
  /** What happens when it is sent, in a sentence. */
  readonly will: string;
  readonly button: string;
  readonly isDanger: boolean;
  readonly asksPin: boolean;
  readonly back: string;
  /** Further fields, above the PIN. */
  readonly children?: ComponentChildren;
  /** Sends it. Rejects with a `Refusal` whose message the person reads. */
  readonly send: (pin: string) => Promise<void>;
};

/** One command on one screen: what will happen, what it needs, and a way back. */
export function CommandForm({ title, will, button, isDanger, asksPin, back, children, send }: FormProps) {
  const [pin, setPin] = useState('');
  const [isSending, setSending] = useState(false);
  const [problem, setProblem] = useState('');
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (isSending) return;
    setSending(true);
    setProblem('');
    try {
      await send(pin);
    } catch (thrown) {
      setProblem(problemOf(thrown));
      setPin('');
      setSending(false);
    }
  };
  return (
    <>
      <a class="back" href={back}>
        <span aria-hidden="true">‹&nbsp;</span>
        Back
      </a>
      <h1 tabIndex={-1}>{title}</h1>
      <form onSubmit={submit} autocomplete="off">
        {children}
        <p class={`banner ${isDanger ? 'bad' : 'note'}`} id="will">
          {will}
        </p>
        {asksPin ? (
          <label>
            PIN of this site
            <input
              {...{ type: 'password', inputMode: 'numeric', name: 'pin', required: true, autocomplete: 'off' }}
              value={pin}
              onInput={(event) => setPin(event.currentTarget.value)}
            />
          </label>
        ) : null}
        <div role="alert">{problem === '' ? null : <p class="banner bad problem">{problem}</p>}</div>
        <button type="submit" class={isDanger ? 'danger' : 'main'} aria-describedby="will" disabled={isSending}>
          {isSending ? 'One moment …' : button}
        </button>
        <a class="button" href={back}>
          Cancel
        </a>
      </form>
    </>
  );
}

function problemOf(thrown: unknown): string {
  if (thrown instanceof Refusal) return thrown.message;
  return 'The site did not answer. Look at the state of the slot before you try again: it may have heard you.';
}
