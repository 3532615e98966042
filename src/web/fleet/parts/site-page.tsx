import { fleetPath } from '../../../wire/api/fleet-queries.ts';
import type { FleetFeedItem, FleetImageView, FleetSiteView, FleetSlotView } from '../../../wire/api/fleet-views.ts';
import { State } from '../../parts/state.tsx';
import { imageWords } from '../../words/images.ts';
import { capital } from '../../words/plain.ts';
import type { Tone } from '../../words/slot.ts';
import { sinceWhen } from '../../words/time.ts';
import { formatRoute } from '../route.ts';
import { useView } from '../use-view.ts';
import { labelsLine, revisionLine, sentence, siteDetail, siteWords, whyNot } from '../words/fleet.ts';
import { linkLines, onDay } from '../words/identity.ts';
import { publicationSiteWords } from '../words/publication.ts';
import { Alarm } from './alarms-page.tsx';
import { Identity } from './identity.tsx';
import { Story } from './story.tsx';

/** Whatever is told of a site: its key is in the item, or the item is of no site alone. */
const always = (_item: FleetFeedItem): boolean => true;

/** One site: how it is, why it is not on its revision, its slots, who it is, and what happened. */
export function SitePage({ site }: { site: string }) {
  const { view, refusal } = useView<FleetSiteView>(fleetPath('site', { site }), always);
  return (
    <>
      <a class="back" href="#/">
        <span aria-hidden="true">‹&nbsp;</span>
        All sites
      </a>
      <h1 tabIndex={-1}>
        {site} {view ? <State {...siteWords(view.state)} /> : null}
      </h1>
      {refusal === undefined ? null : <p class="banner bad">{refusal}</p>}
      {view ? <Site view={view} /> : null}
    </>
  );
}

function Site({ view }: { view: FleetSiteView }) {
  const { at, notReady = [], alarmViews, siteAlarms, slotViews } = view;
  // Which box is right comes before all that either of them says.
  const isForked = view.state === 'forked';
  return (
    <>
      <p class="lead">{siteDetail(view, at)}</p>
      {notReady.map((reason) => (
        <p key={reason} class="banner note">
          This site serves no machines now: {sentence(reason)}
        </p>
      ))}
      {alarmViews.map((alarm) => (
        <Alarm key={`${alarm.kind} ${alarm.subject}`} alarm={alarm} now={at} />
      ))}
      {siteAlarms.map(({ type, about, firstAt, sentence: what, toDo }) => (
        <p key={`${type} ${about}`} class="machine">
          {sentence(what)}
          <span class="detail">Told by the site, {sinceWhen(firstAt, at)}</span>
          <span class="todo">{toDo}</span>
        </p>
      ))}
      {isForked ? <Identity view={view} /> : null}
      <Revision view={view} />
      <section aria-labelledby="slots">
        <h2 id="slots">Slots</h2>
        {slotViews.length === 0 ? <p>It has told of no slots yet.</p> : null}
        <ul class="slots">
          {slotViews.map((slot) => (
            <li key={slot.slot}>
              <SlotLink site={view.site} slot={slot} now={at} />
            </li>
          ))}
        </ul>
      </section>
      {view.imageViews.length === 0 ? null : <Images images={view.imageViews} />}
      {isForked ? null : <Identity view={view} />}
      <section aria-labelledby="link">
        <h2 id="link">Link</h2>
        {linkLines(view.link).map((line) => (
          <p key={line}>{line}</p>
        ))}
        <p class="aside">
          {view.version === undefined ? '' : `Slipway ${view.version}. `}
          {labelsLine(view.labels)}
        </p>
      </section>
      <Story site={view.site} now={at} />
    </>
  );
}

function Images({ images }: { images: readonly FleetImageView[] }) {
  return (
    <section aria-labelledby="images">
      <h2 id="images">Images</h2>
      {images.map(({ name, image, state, sentence: what }) => (
        <p key={`${name} ${image}`} class="machine">
          <span class="row">
            <strong>{name}</strong> <State {...imageWords(state)} />
          </span>
          <span class="detail">{image}</span>
          {state === 'complete' ? null : <span class="aside">{sentence(capital(what))}</span>}
        </p>
      ))}
    </section>
  );
}

function Revision({ view: { revision, freeze, at } }: { view: FleetSiteView }) {
  const why = whyNot(revision);
  const { wanted, state } = revision;
  return (
    <section aria-labelledby="revision">
      <h2 id="revision">Revision</h2>
      <p class="machine">
        <span class="row">
          <strong>{revisionLine(revision)}</strong>
          {state === undefined ? null : <State {...publicationSiteWords(state)} />}
        </span>
        {why === undefined ? null : <span class="todo">{why}</span>}
        {revision.since === undefined ? null : <span class="detail">So {sinceWhen(revision.since, at)}</span>}
        {wanted === undefined ? null : (
          <a href={formatRoute({ at: 'publication', publication: wanted.publication })}>
            Publication {wanted.publication}
          </a>
        )}
      </p>
      {freeze === undefined ? null : (
        <p class="banner note">
          The store takes nothing new until {onDay(freeze.until, at)}
          {freeze.because === undefined ? '.' : `: ${sentence(freeze.because)}`}
        </p>
      )}
    </section>
  );
}

const TONES: Readonly<Record<FleetSlotView['state'], Tone>> = {
  ...{ empty: 'none', waiting: 'note', booting: 'busy', stalled: 'bad' },
  ...{ enrolled: 'good', lost: 'bad', local: 'note', refused: 'bad' },
};

function SlotLink({ site, slot, now }: { site: string; slot: FleetSlotView; now: number }) {
  const tone = TONES[slot.state];
  return (
    <a class={`slot ${tone}`} href={formatRoute({ at: 'slot', site, slot: slot.slot })}>
      <span class="row">
        <strong>{slot.slot}</strong> <State tone={tone} word={slot.state} />
      </span>
      <span class="detail">
        {slot.sentence}
        {slot.since === undefined ? '' : `, ${sinceWhen(slot.since, now)}`}
      </span>
      <span class="aside">{machineLine(slot)}</span>
    </a>
  );
}

export function machineLine({ machine, binding, profile }: FleetSlotView): string {
  const what = [machine?.manufacturer, machine?.product].filter(Boolean).join(' ');
  return [
    what,
    ...(machine?.serial ? [`serial ${machine.serial}`] : []),
    ...(machine?.mac ? [machine.mac] : []),
    ...(binding === undefined ? [] : [`binding ${binding}`]),
    ...(profile === undefined ? [] : [`profile ${profile}`]),
  ]
    .filter((text) => text !== '')
    .join(', ');
}
