import type { HubClient } from '../adapters/http/hub-client.ts';
import { sha256OfText } from '../adapters/node/hash.ts';
import type { OpenReleaseKey } from '../adapters/node/release-keys.ts';
import { canonicalJson } from '../kernel/canonical-json.ts';
import type { Digest } from '../kernel/digest.ts';
import type { PushedRevision, PushedSite } from '../wire/api/pushes.ts';
import { BUNDLE_NEEDS, type RevisionStatement } from '../wire/link/revision-bundle.ts';
import { statementText } from '../wire/link/signed-texts.ts';
import { type Candidate, digestOf, fetchBundle, hasSecrets, type SealedSecrets } from './survey.ts';

/** What a release key signs for one site: its new revision, and ahead of time the way back to what is confirmed there now. */
export async function signSite(
  candidate: Candidate,
  key: OpenReleaseKey,
  { client, at }: { readonly client: HubClient; readonly at: Date },
): Promise<PushedSite> {
  const { site, known, revision, secrets } = candidate;
  const sign = (number: number, content: Digest, sealed: SealedSecrets): PushedRevision =>
    signed({ site, template: revision.template, number, content, sealed, at }, key);
  const forward = sign(known.nextNumber, revision.digest, secrets);
  if (!known.inForce) return { site, forward };
  return {
    site,
    forward,
    back: sign(known.nextNumber + 1, known.inForce.content, await formerSecrets(candidate, client)),
  };
}

type Said = {
  readonly site: string;
  readonly template: string;
  readonly number: number;
  readonly content: Digest;
  readonly sealed: SealedSecrets;
  readonly at: Date;
};

function signed({ site, template, number, content, sealed, at }: Said, key: OpenReleaseKey): PushedRevision {
  const needs = [BUNDLE_NEEDS.revision, ...(Object.keys(sealed).length > 0 ? [BUNDLE_NEEDS.sealed] : [])];
  const says: RevisionStatement = {
    ...{ format: 'slipway-revision/v1', site, number, template, content, secrets: digestOf(sealed) },
    ...{ signedAt: at.toISOString(), needs },
  };
  const statement = canonicalJson(says);
  const signature = key.sign(statementText({ kind: 'revision', statement: sha256OfText(statement) }));
  return { statement, signatures: [{ keyId: key.id, signature }], secrets: sealed };
}

/** Those of what is confirmed, as long as the box can open them; else those of now, which is the best there is. */
async function formerSecrets({ site, known, secrets }: Candidate, client: HubClient): Promise<SealedSecrets> {
  if (!hasSecrets(known.inForce)) return {};
  const former = (await fetchBundle(client, site, known.inForce.number)).secrets;
  const fits = Object.values(former).every(({ recipient }) => recipient === known.sealingKey);
  return fits ? former : secrets;
}
