import type { ImageView } from '../../wire/api/images.ts';
import type { AlarmView, MachineView, NetworkView, NodeView, SiteNodes, SiteStatus } from '../../wire/api/views.ts';
import { formatRoute } from '../route.ts';
import { imageNotes, imagesSummary, imageWords } from '../words/images.ts';
import { machineMark, machineName, proposalWords, waitingWords } from '../words/machine.ts';
import { capital } from '../words/plain.ts';
import { alarmWords, networkWords, summary } from '../words/site.ts';
import { slotWords } from '../words/slot.ts';
import { sinceWhen } from '../words/time.ts';
import { State } from './state.tsx';

/** All slots, and the machines that wait for one. */
export function HomePage({ status, nodes: { nodes, machines } }: { status: SiteStatus; nodes: SiteNodes }) {
  const waiting = machines.filter(({ held }) => held);
  const others = machines.filter(({ held }) => !held);
  const now = status.at;
  return (
    <>
      <h1 tabIndex={-1}>{summary(nodes, now)}</h1>
      {waiting.length > 0 ? (
        <section aria-labelledby="waiting">
          <h2 id="waiting">{waiting.length === 1 ? 'A new machine waits' : `${waiting.length} new machines wait`}</h2>
          {waiting.map((machine) => (
            <Waiting key={machine.id} machine={machine} now={now} />
          ))}
        </section>
      ) : null}
      <section aria-labelledby="slots">
        <h2 id="slots">Slots</h2>
        <ul class="slots">
          {nodes.map((node) => (
            <li key={node.slot}>
              <SlotLink node={node} now={now} />
            </li>
          ))}
        </ul>
      </section>
      {status.alarms.length > 0 ? (
        <details>
          <summary>To be looked into ({status.alarms.length})</summary>
          {status.alarms.map((alarm) => (
            <Alarm key={`${alarm.type} ${alarm.about}`} alarm={alarm} now={now} />
          ))}
        </details>
      ) : null}
      {status.images ? (
        <details open={status.images.some(({ state }) => state === 'failed')}>
          <summary>{imagesSummary(status.images)}</summary>
          {status.images.map((image) => (
            <Image key={`${image.by} ${image.name}`} image={image} />
          ))}
        </details>
      ) : null}
      {others.length > 0 ? (
        <details>
          <summary>Other machines ({others.length})</summary>
          {others.map((machine) => (
            <p key={machine.id} class="machine">
              <Machine machine={machine} now={now} />
            </p>
          ))}
        </details>
      ) : null}
      <details>
        <summary>Networks ({status.networks.length})</summary>
        {status.networks.map((network) => (
          <Network key={network.name} network={network} />
        ))}
      </details>
    </>
  );
}

function Network({ network }: { network: NetworkView }) {
  const { title, detail, servers } = networkWords(network);
  return (
    <p class="machine">
      <strong>{title}</strong>
      <span class="detail">{detail}</span>
      {servers.map((server) => (
        <span key={server} class="detail">
          {server}
        </span>
      ))}
    </p>
  );
}

function SlotLink({ node, now }: { node: NodeView; now: number }) {
  const { word, tone, detail, toDo, notes } = slotWords(node, now);
  return (
    <a class={`slot ${tone}`} href={formatRoute({ at: 'slot', slot: node.slot })}>
      <span class="row">
        <strong>{node.slot}</strong> <State tone={tone} word={word} />
      </span>
      <span class="detail">{detail}</span>
      {node.boot?.percent === undefined ? null : <Progress percent={node.boot.percent} />}
      {toDo === undefined ? null : <span class="todo">{toDo}</span>}
      {notes.map((note) => (
        <span key={note} class="aside">
          {note}
        </span>
      ))}
    </a>
  );
}

function Image({ image }: { image: ImageView }) {
  return (
    <p class="machine">
      <span class="row">
        <strong>{image.name}</strong> <State {...imageWords(image.state)} />
      </span>
      <span class="detail">{image.image}</span>
      {image.percent === undefined ? null : <Progress percent={image.percent} label="Fetched" />}
      {imageNotes(image).map((note) => (
        <span key={note} class="aside">
          {note}
        </span>
      ))}
    </p>
  );
}

function Alarm({ alarm, now }: { alarm: AlarmView; now: number }) {
  const { what, toDo } = alarmWords(alarm);
  return (
    <p class="machine">
      {what}
      <span class="detail">{capital(sinceWhen(alarm.firstAt, now))}</span>
      <span class="todo">{toDo}</span>
    </p>
  );
}

export function Progress({ percent, label = 'Sent to the machine' }: { percent: number; label?: string }) {
  return (
    <progress max={100} value={percent} aria-label={label}>
      {percent} %
    </progress>
  );
}

function Waiting({ machine, now }: { machine: MachineView; now: number }) {
  const { proposals = [] } = machine;
  return (
    <article class="card">
      <Machine machine={machine} now={now} />
      {proposals.map((proposal) => {
        const { label, why } = proposalWords(proposal);
        return (
          <a
            key={proposal.slot}
            class="button"
            href={formatRoute({ at: 'action', slot: proposal.slot, name: proposal.command })}
          >
            {label}
            <small>{why}</small>
          </a>
        );
      })}
      {proposals.length === 0 ? <span class="aside">No slot is free for it: choose one below.</span> : null}
    </article>
  );
}

function Machine({ machine, now }: { machine: MachineView; now: number }) {
  return (
    <>
      <strong>{machineName(machine)}</strong>
      <span class="detail">{machineMark(machine)}</span>
      <span class="detail">{waitingWords(machine, now)}</span>
    </>
  );
}
