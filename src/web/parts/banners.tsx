import type { Seen } from '../feed.ts';
import { armingWords, siteNotes } from '../words/site.ts';
import { sinceWhen } from '../words/time.ts';

/** What stands above everything: that the site is silent, does not serve, or may not install. */
export function Banners({ seen, isHome }: { seen: Seen; isHome: boolean }) {
  const { status, reach, refusal } = seen;
  return (
    <>
      {reach.silentSince === undefined ? null : (
        <p class="banner bad" role="alert">
          <strong>The site does not answer, {sinceWhen(reach.silentSince, Date.now())}.</strong>{' '}
          {status ? 'What you see is of that time. ' : ''}Is this phone in the network of the store, and is the box on?
          This page tries again by itself.
        </p>
      )}
      {refusal === undefined ? null : (
        <p class="banner bad" role="alert">
          {refusal}
        </p>
      )}
      {(status ? siteNotes(status) : []).map((note) => (
        <p key={note} class="banner note">
          {note}
        </p>
      ))}
      {status?.armed === false && isHome ? (
        <div class="banner note">
          <p>{armingWords(status).why}</p>
          <a class="button" href="#/arm">
            {status.doubt === undefined ? 'This is a new store …' : 'Allow installing again …'}
          </a>
        </div>
      ) : null}
    </>
  );
}
