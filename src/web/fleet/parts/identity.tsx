import type { FleetSessionView, FleetSiteView } from '../../../wire/api/fleet-views.ts';
import { State } from '../../parts/state.tsx';
import { sentence } from '../words/fleet.ts';
import {
  boxMarks,
  boxName,
  certificateDetail,
  certificateWords,
  isPresent,
  onDay,
  sessionWords,
} from '../words/identity.ts';

/** The box of a site, or the boxes side by side if two say that they are it; and what proves it. */
export function Identity({ view: { site, sessions, certificates, invites, at } }: { view: FleetSiteView }) {
  const present = sessions.filter(isPresent);
  const past = sessions.filter((session) => !isPresent(session));
  return (
    <section aria-labelledby="identity">
      <h2 id="identity">{present.length > 1 ? `${present.length} boxes say that they are this site` : 'Box'}</h2>
      {present.length > 1 ? (
        <p class="banner bad">
          Find out which one is right, and switch the other one off. If the copy is not yours:{' '}
          <code>slipway hub certificates revoke {site}</code>, then <code>slipway hub invite {site}</code>.
        </p>
      ) : null}
      <div class="boxes">
        {present.map((session) => (
          <Box key={session.session} session={session} now={at} />
        ))}
      </div>
      {present.length === 0 ? <p>No box has spoken as this site yet.</p> : null}
      {invites.map(({ id, by, expiresAt }) => (
        <p key={id} class="machine">
          Invite {id}, by {by}
          <span class="detail">Can be used until {onDay(expiresAt, at)}</span>
        </p>
      ))}
      {certificates.slice(0, 1).map((certificate) => (
        <p key={certificate.serial} class="machine">
          <span class="row">
            <strong>Certificate</strong> <State {...certificateWords(certificate)} />
          </span>
          <span class="detail">{certificateDetail(certificate, at)}</span>
          <span class="detail">Serial {certificate.serial}</span>
        </p>
      ))}
      {past.length + certificates.length > 1 ? (
        <details>
          <summary>Before ({past.length + Math.max(0, certificates.length - 1)})</summary>
          {past.map((session) => (
            <Box key={session.session} session={session} now={at} />
          ))}
          {certificates.slice(1).map((certificate) => (
            <p key={certificate.serial} class="machine">
              <span class="row">
                Certificate {certificate.serial} <State {...certificateWords(certificate)} />
              </span>
              <span class="detail">{certificateDetail(certificate, at)}</span>
            </p>
          ))}
        </details>
      ) : null}
    </section>
  );
}

function Box({ session, now }: { session: FleetSessionView; now: number }) {
  return (
    <article class="card">
      <span class="row">
        <strong>{boxName(session)}</strong> <State {...sessionWords(session)} />
      </span>
      {session.because === undefined ? null : <span class="todo">{sentence(session.because)}</span>}
      {boxMarks(session, now).map((mark) => (
        <span key={mark} class="detail">
          {mark}
        </span>
      ))}
    </article>
  );
}
