import { useState } from 'preact/hooks';
import { fleetPath } from '../../../wire/api/fleet-queries.ts';
import type { FleetOverview } from '../../../wire/api/fleet-views.ts';
import { Refusal } from '../../api.ts';
import { askHub, SignedOut } from '../desk.ts';

/** Asks for a token, and tries it before it is kept. */
export function LoginPage({ because, enter }: { because: string; enter: (token: string) => void }) {
  const [token, setToken] = useState('');
  const [isAsking, setAsking] = useState(false);
  const [problem, setProblem] = useState(because);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (isAsking) return;
    setAsking(true);
    setProblem('');
    try {
      await askHub<FleetOverview>(token.trim(), fleetPath('fleet'));
      enter(token.trim());
    } catch (thrown) {
      setProblem(problemOf(thrown));
      setAsking(false);
    }
  };
  return (
    <main class="narrow">
      <h1>Slipway head office</h1>
      <form onSubmit={submit} autocomplete="off">
        <label>
          Token
          <input
            {...{ type: 'password', name: 'token', required: true, autocomplete: 'off', spellcheck: false }}
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <div role="alert">{problem === '' ? null : <p class="banner bad problem">{problem}</p>}</div>
        <button type="submit" class="main" disabled={isAsking}>
          {isAsking ? 'One moment …' : 'Open'}
        </button>
      </form>
      <p class="aside">
        Head office makes one with <code>slipway hub tokens new NAME --role read</code>; with the role{' '}
        <code>operate</code> it may steer publications too. It is kept until this tab is closed.
      </p>
    </main>
  );
}

function problemOf(thrown: unknown): string {
  if (thrown instanceof SignedOut || thrown instanceof Refusal) return thrown.message || 'This token is not accepted.';
  return 'Head office does not answer. Try again in a moment.';
}
