import { useEffect, useState } from 'preact/hooks';
import type { EventView, NodeView, SiteStatus } from '../../wire/api/views.ts';
import { ask } from '../api.ts';
import { formatRoute } from '../route.ts';
import { ACTIONS, type ActionName, actionsFor } from '../words/actions.ts';
import { machineMark, machineName } from '../words/machine.ts';
import { BUTTONS, plain } from '../words/plain.ts';
import { slotWords } from '../words/slot.ts';
import { timeline } from '../words/timeline.ts';
import { Progress } from './home-page.tsx';
import { State } from './state.tsx';

/** A slot: how it is, what can be done, and its whole life. */
export function SlotPage({ node, status, turn }: { node: NodeView; status: SiteStatus; turn: number }) {
  const { word, tone, detail, toDo, notes } = slotWords(node, status.at);
  const started = node.boot?.stages.find(({ answer }) => answer !== undefined)?.answer;
  return (
    <>
      <a class="back" href="#/">
        <span aria-hidden="true">‹&nbsp;</span>
        All slots
      </a>
      <h1 tabIndex={-1}>
        {node.slot} <State tone={tone} word={word} />
      </h1>
      <p class="lead">{detail}</p>
      {node.boot?.percent === undefined ? null : <Progress percent={node.boot.percent} />}
      {toDo === undefined ? null : <p class={`banner ${tone}`}>{toDo}</p>}
      {notes.map((note) => (
        <p key={note} class="banner note">
          {note}
        </p>
      ))}
      {node.machine ? (
        <p class="machine">
          <strong>{machineName(node.machine)}</strong>
          <span class="detail">{machineMark(node.machine)}</span>
          {node.machine.address === undefined ? null : <span class="detail">Address {node.machine.address}</span>}
          {started === undefined ? null : <span class="detail">Its last start was answered with {started}</span>}
        </p>
      ) : null}
      <nav class="actions" aria-label={`What can be done with ${node.slot}`}>
        {actionsFor(node, status).map((name) => (
          <ActionLink key={name} name={name} slot={node.slot} />
        ))}
      </nav>
      {node.busy === undefined ? null : (
        <p class="aside">Its machine can be replaced once it is off; it {plain(node.busy).toLowerCase()}.</p>
      )}
      {node.unwatched === undefined ? null : <p class="aside">{plain(node.unwatched)}.</p>}
      <Timeline slot={node.slot} now={status.at} turn={turn} />
    </>
  );
}

function ActionLink({ name, slot }: { name: ActionName; slot: string }) {
  if (name === 'arm') return null;
  return (
    <a class={`button ${ACTIONS[name].destroys ? 'danger' : ''}`} href={formatRoute({ at: 'action', slot, name })}>
      {BUTTONS[name]} …
    </a>
  );
}

const FEW = 30;
/** The most that the site tells at once. */
const ALL = 1000;

function Timeline({ slot, now, turn }: { slot: string; now: number; turn: number }) {
  const [limit, setLimit] = useState(FEW);
  const [events, setEvents] = useState<readonly EventView[]>();
  useEffect(() => {
    let isGone = false;
    const path = `events?order=newest&limit=${limit}&slot=${encodeURIComponent(slot)}`;
    ask<{ events: readonly EventView[] }>(path).then(
      (answer) => isGone || setEvents(answer.events),
      // The banner says that the site is silent; what was read stays.
      () => undefined,
    );
    return () => {
      isGone = true;
    };
  }, [slot, turn, limit]);
  if (!events) return null;
  const days = timeline(events, slot, now);
  return (
    <section aria-labelledby="timeline">
      <h2 id="timeline">What happened</h2>
      {days.length === 0 ? <p>Nothing yet.</p> : null}
      {days.map(({ day, lines }) => (
        <section key={day} aria-label={day}>
          <h3>{day}</h3>
          <ol class="timeline">
            {lines.map(({ key, time, text, tone }) => (
              <li key={key} class={tone}>
                <time>{time}</time> <span>{text}</span>
              </li>
            ))}
          </ol>
        </section>
      ))}
      {events.length >= limit && limit < ALL ? (
        <button type="button" onClick={() => setLimit(ALL)}>
          Show all
        </button>
      ) : null}
    </section>
  );
}
