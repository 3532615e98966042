import { canonicalJson } from '../../../kernel/canonical-json.ts';
import type { Digest } from '../../../kernel/digest.ts';
import { err, ok, type Result } from '../../../kernel/result.ts';
import type { FleetSite } from '../../../model/fleet/hub-rows.ts';
import type { PushedRevision, PushedSite } from '../../../wire/api/pushes.ts';
import type { ReleaseCrypto } from '../../../wire/link/release-trust.ts';
import { BUNDLE_NEEDS, type KeySet, type RevisionStatement } from '../../../wire/link/revision-bundle.ts';
import { checkStatement } from '../../../wire/link/verify-bundle.ts';

/** What head office knows of a site when a push comes in. */
export type KnownSite = {
  readonly site: FleetSite | undefined;
  /** The highest number that was ever given to it or heard of it. */
  readonly highest: number;
  /** Digest of the content that is confirmed there. */
  readonly confirmed: Digest | undefined;
};

/** A revision of a push whose signature is good. Its content is still to be compared. */
export type CheckedRevision = PushedRevision & { readonly says: RevisionStatement; readonly keyId: string };
export type CheckedSite = {
  readonly site: string;
  readonly forward: CheckedRevision;
  readonly back: CheckedRevision | undefined;
};

/** Decides whether head office takes what was signed for one site; the error is a sentence that names the site. */
export function checkSite(
  pushed: PushedSite,
  known: KnownSite,
  keys: KeySet,
  crypto: ReleaseCrypto,
): Result<CheckedSite, string> {
  const fault = (because: string): Result<never, string> => err(`site ${pushed.site}: ${because}`);
  const forward = checkRevision(pushed.forward, pushed.site, keys, crypto);
  if (!forward.ok) return fault(forward.error);
  const back = pushed.back && checkRevision(pushed.back, pushed.site, keys, crypto);
  if (back && !back.ok) return fault(`the way back: ${back.error}`);
  const checked = { site: pushed.site, forward: forward.value, back: back?.value };
  const because = misfit(checked, known);
  return because === undefined ? ok(checked) : fault(because);
}

/** Why what was signed does not fit the site as it is now; undefined if it does. */
export function misfit({ forward, back }: CheckedSite, { site, highest, confirmed }: KnownSite): string | undefined {
  if (!site) return 'head office does not know it; `slipway hub invite` comes first';
  if (site.state === 'retired') return 'it was closed';
  const { number, needs } = forward.says;
  if (number <= highest) return `number ${number} is taken: another push came in between; push again`;
  const missing = needs.find((need) => site.capabilities && !site.capabilities.includes(need));
  if (missing !== undefined) return `its Slipway does not know ${missing}; update it first`;
  if (back && back.says.number !== number + 1) return 'the way back must have the number behind the new one';
  if (back && back.says.content !== confirmed) return 'the way back is not to what it has confirmed now; push again';
  const sealed = [...Object.entries(forward.secrets), ...Object.entries(back?.secrets ?? {})];
  const stranger = sealed.find(([, { recipient }]) => recipient !== site.sealingKey);
  return stranger && `secret ${stranger[0]} is not sealed for the box that it has now; push again`;
}

function checkRevision(
  revision: PushedRevision,
  site: string,
  keys: KeySet,
  crypto: ReleaseCrypto,
): Result<CheckedRevision, string> {
  const checked = checkStatement(revision, { site, keys, capabilities: Object.values(BUNDLE_NEEDS), above: 0 }, crypto);
  if (!checked.ok) return err(checked.error.message);
  const { statement, key } = checked.value;
  if (crypto.sha256(canonicalJson(revision.secrets)) !== statement.secrets)
    return err('the sealed secrets are not what the release key signed');
  return ok({ ...revision, says: statement, keyId: key.id });
}
