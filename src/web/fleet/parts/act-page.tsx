import { useState } from 'preact/hooks';
import { fleetPath } from '../../../wire/api/fleet-queries.ts';
import type { FleetFeedItem, FleetOverview, PublicationAct, PublicationView } from '../../../wire/api/fleet-views.ts';
import { Refusal } from '../../api.ts';
import { formatRoute, type Route } from '../route.ts';
import { useDesk, useView } from '../use-view.ts';
import { ACTS } from '../words/publication.ts';

const ofPublications = ({ view }: FleetFeedItem): boolean => view === 'publications';

type ActProps = {
  readonly publication: string;
  readonly act: PublicationAct;
  readonly fleet: FleetOverview;
  readonly go: (to: Route, sentence?: string) => void;
};

/** What will happen, why it is done, and a way back: nothing is steered by one touch. */
export function ActPage({ publication: id, act, fleet, go }: ActProps) {
  const { view, refusal } = useView<PublicationView>(fleetPath('publication', { publication: id }), ofPublications);
  const home: Route = { at: 'publication', publication: id };
  const isPossible = view?.acts.includes(act) === true && fleet.you.role !== 'read';
  return (
    <>
      <a class="back" href={formatRoute(home)}>
        <span aria-hidden="true">‹&nbsp;</span>
        Back
      </a>
      <h1 tabIndex={-1}>
        {id}: {ACTS[act].button}
      </h1>
      {refusal === undefined ? null : <p class="banner bad">{refusal}</p>}
      {view && isPossible ? <ActForm view={view} act={act} done={(said) => go(home, said)} /> : null}
      {view && !isPossible ? <p>This cannot be done with it now.</p> : null}
    </>
  );
}

type FormProps = { view: PublicationView; act: PublicationAct; done: (sentence: string) => void };

function ActForm({ view, act, done }: FormProps) {
  const desk = useDesk();
  const [because, setBecause] = useState('');
  const [isSending, setSending] = useState(false);
  const [problem, setProblem] = useState('');
  const { button, isDanger, will } = ACTS[act];
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (isSending) return;
    setSending(true);
    setProblem('');
    try {
      done((await desk.act(view.id, act, because.trim())).sentence);
    } catch (thrown) {
      setProblem(
        thrown instanceof Refusal
          ? thrown.message
          : 'Head office did not answer. Look at the publication before you try again: it may have heard you.',
      );
      setSending(false);
    }
  };
  return (
    <form onSubmit={submit} autocomplete="off">
      <p class={`banner ${isDanger ? 'bad' : 'note'}`} id="will">
        {will(view)}
      </p>
      <label>
        Why (others read it in the audit)
        <input
          {...{ type: 'text', name: 'because', autocomplete: 'off', maxLength: 200 }}
          value={because}
          onInput={(event) => setBecause(event.currentTarget.value)}
        />
      </label>
      <div role="alert">{problem === '' ? null : <p class="banner bad problem">{problem}</p>}</div>
      <button type="submit" class={isDanger ? 'danger' : 'main'} aria-describedby="will" disabled={isSending}>
        {isSending ? 'One moment …' : button}
      </button>
      <a class="button" href={formatRoute({ at: 'publication', publication: view.id })}>
        Cancel
      </a>
    </form>
  );
}
