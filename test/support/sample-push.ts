import { sha256OfText } from '../../src/adapters/node/hash.ts';
import { canonicalJson } from '../../src/kernel/canonical-json.ts';
import type { Digest } from '../../src/kernel/digest.ts';
import type { FleetSite } from '../../src/model/fleet/hub-rows.ts';
import { renderSite } from '../../src/template/fleet.ts';
import { formatArchive, type PushBody, type PushedRevision } from '../../src/wire/api/pushes.ts';
import type { SealedSecret, SignedStatement } from '../../src/wire/link/revision-bundle.ts';
import { signText, type TestKey } from './sample-bundle.ts';
import { fleetOf, retailFiles } from './sample-fleet.ts';

export function fleetSite(name: string, changes: Partial<FleetSite> = {}): FleetSite {
  return {
    ...{ name, createdAt: 0, state: 'enrolled', labels: {}, confirmedNumber: 0, highestNumber: 0 },
    ...changes,
  };
}

/** The digest of what the ready fleet comes to for a site. */
export function contentOf(site: string, files = retailFiles()): Digest {
  const rendered = renderSite(fleetOf(files), site, { number: 1, sha256: sha256OfText });
  if (!rendered.ok) throw new Error(JSON.stringify(rendered.error));
  return rendered.value.digest;
}

export function pushed(
  by: TestKey,
  says: {
    readonly site: string;
    readonly number: number;
    readonly content: Digest;
    readonly secrets?: Readonly<Record<string, SealedSecret>>;
    readonly needs?: readonly string[];
  },
): PushedRevision {
  const { site, number, content, secrets = {}, needs = ['revision/v1'] } = says;
  const statement = canonicalJson({
    ...{ format: 'slipway-revision/v1', site, number, template: 'retail', content, needs },
    ...{ secrets: sha256OfText(canonicalJson(secrets)), signedAt: '2026-11-21T20:00:00.000Z' },
  });
  return { ...signText('revision', statement, by), secrets };
}

/** A push of the ready fleet to some of its sites, each with its first number. */
export function pushOf(
  by: TestKey,
  sites: readonly string[],
  changes: Partial<PushBody> & { readonly files?: Record<string, string>; readonly number?: number } = {},
): PushBody {
  const { files = retailFiles(), number = 1, ...rest } = changes;
  return {
    ...{ format: 'slipway-push/v1', comment: 'first', sources: formatArchive(files), keySets: [] },
    sites: sites.map((site) => ({ site, forward: pushed(by, { site, number, content: contentOf(site, files) }) })),
    ...rest,
  };
}

export function bytesOf(push: PushBody): Uint8Array {
  return new TextEncoder().encode(canonicalJson(push));
}

/** A file of key sets, as `slipway template keys` writes it. */
export function keySetFile(sets: readonly SignedStatement[]): { readonly path: string; readonly text: string } {
  return { path: 'release-keys.json', text: JSON.stringify({ format: 'slipway-key-sets/v1', sets }) };
}
