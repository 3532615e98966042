import type { Digest } from '../../kernel/digest.ts';
import { AppError } from '../../kernel/errors.ts';
import type { Clock } from '../../kernel/ports.ts';
import type { FleetRenderer, FleetRendering } from '../../model/fleet/fleet-renderer.ts';
import { type Push, revisionKey, type SiteRevision } from '../../model/fleet/hub-rows.ts';
import type { HubStore, HubTx } from '../../model/fleet/hub-store.ts';
import type { PushBody } from '../../wire/api/pushes.ts';
import type { ReleaseCrypto } from '../../wire/link/release-trust.ts';
import type { SignedStatement } from '../../wire/link/revision-bundle.ts';
import { formatBundle } from '../../wire/link/verify-bundle.ts';
import { followSets, keepSets } from './key-sets.ts';
import { keepNumbers, readBundle, readKnown } from './known.ts';
import { type CheckedRevision, type CheckedSite, checkSite, misfit } from './policy/check-push.ts';
import { noteUnnamed, sweepUnnamed, unnamedKey } from './unnamed.ts';

export type IntakeDeps = {
  readonly store: HubStore;
  readonly renderer: FleetRenderer;
  readonly crypto: ReleaseCrypto;
  readonly clock: Pick<Clock, 'now'>;
};

/** A revision that was compared, and whose bundle is on disk; only its row is missing. */
type Kept = Omit<SiteRevision, 'push' | 'at'>;
type Prepared = {
  readonly keyId: string;
  readonly template: string;
  readonly chain: readonly SignedStatement[];
  readonly hasNewKeys: boolean;
  readonly sites: readonly CheckedSite[];
};

/**
 * Takes in a push: looks at every signature, renders the sources again and compares, then writes all rows in one unit. Until then
 * nobody sees anything of it; the bundles of a push that ends before are swept. `onSite` hears of each site that is done.
 * Rejects with `push-refused`.
 */
export async function takeIn(
  push: PushBody,
  by: string,
  deps: IntakeDeps,
  onSite: () => void,
): Promise<Push | undefined> {
  const { store, renderer } = deps;
  if (push.sites.length === 0) return takeKeys(push, by, deps);
  const prepared = await store.read((tx) => prepare(tx, push, deps.crypto));
  const rendering = await renderer.open(push.sources);
  if (!rendering.ok) throw refused(rendering.error);
  try {
    const kept: Kept[] = [];
    for (const site of prepared.sites) {
      kept.push(...(await keepSite(site, rendering.value, deps)));
      onSite();
    }
    return await store.work((tx) => writeRows(tx, { push, by, prepared, kept, rendering: rendering.value }, deps));
  } catch (error) {
    // What cannot be swept on this disk now is swept when head office starts.
    await sweepUnnamed(store).catch(() => undefined);
    throw error;
  } finally {
    await rendering.value.close();
  }
}

/** A newer key set alone: no revision comes of it. */
async function takeKeys({ keySets }: PushBody, by: string, { store, crypto, clock }: IntakeDeps): Promise<undefined> {
  await store.work(async (tx) => {
    const { chain, isNew, keys } = await followSets(tx, keySets, { crypto, mayBegin: false });
    if (!isNew) return;
    await keepSets(tx, chain);
    const subject = `key set ${keys.version}`;
    await tx.appendAudit({ at: clock.now(), who: by, action: 'push.keys', subject, detail: {} });
  });
}

async function prepare(tx: HubTx, push: PushBody, crypto: ReleaseCrypto): Promise<Prepared> {
  const { keys, chain, isNew } = await followSets(tx, push.keySets, { crypto, mayBegin: false });
  const sites: CheckedSite[] = [];
  for (const pushed of push.sites) {
    const checked = checkSite(pushed, await readKnown(tx, pushed.site), keys, crypto);
    if (!checked.ok) throw refused(checked.error);
    sites.push(checked.value);
  }
  const [first] = sites;
  return {
    keyId: first?.forward.keyId ?? '',
    template: first?.forward.says.template ?? '',
    chain,
    hasNewKeys: isNew,
    sites,
  };
}

async function keepSite(checked: CheckedSite, rendering: FleetRendering, deps: IntakeDeps): Promise<readonly Kept[]> {
  const { site, forward, back } = checked;
  const rendered = await rendering.render(site);
  if (!rendered.ok) throw refused(rendered.error);
  if (deps.crypto.sha256(rendered.value) !== forward.says.content)
    throw refused(
      `site ${site}: head office renders these sources to something else than was signed; is Slipway the same version there?`,
    );
  const kept = [await keepBundle(forward, 'forward', rendered.value, deps)];
  if (back) {
    const confirmed = await deps.store.read(async (tx) => {
      const row = await tx.get('sites', site);
      return readBundle(tx, site, row?.confirmedNumber ?? 0);
    });
    if (deps.crypto.sha256(confirmed.content) !== back.says.content)
      throw refused(`site ${site}: it has confirmed another revision in the meantime; push again`);
    kept.push(await keepBundle(back, 'back', confirmed.content, deps));
  }
  return kept;
}

async function keepBundle(
  { statement, signatures, secrets, says, keyId }: CheckedRevision,
  kind: SiteRevision['kind'],
  content: string,
  { store, crypto }: IntakeDeps,
): Promise<Kept> {
  const text = formatBundle({ statement, signatures, content, secrets });
  const bytes = new TextEncoder().encode(text);
  const bundle: Digest = crypto.sha256(text);
  const { site, number, content: digest, secrets: sealed } = says;
  await store.work(async (tx) => {
    await noteUnnamed(tx, { site, number, bundle });
    await tx.putBlob(bundle, bytes);
  });
  return { site, number, kind, content: digest, secrets: sealed, keyId, bundle, sizeBytes: bytes.length };
}

type Rows = {
  readonly push: PushBody;
  readonly by: string;
  readonly prepared: Prepared;
  readonly kept: readonly Kept[];
  readonly rendering: FleetRendering;
};

async function writeRows(
  tx: HubTx,
  { push, by, prepared, kept, rendering }: Rows,
  { crypto, clock }: IntakeDeps,
): Promise<Push> {
  const at = clock.now();
  // What was looked at before may have changed while it was rendered.
  for (const site of prepared.sites) {
    const because = misfit(site, await readKnown(tx, site.site));
    if (because !== undefined) throw refused(`site ${site.site}: ${because}`);
  }
  const sources = crypto.sha256(push.sources);
  const row: Push = {
    ...{ id: `p${await tx.next('pushes')}`, at, by, comment: push.comment, sources },
    ...{ keyId: prepared.keyId, template: prepared.template, sites: prepared.sites.map(({ site }) => site) },
    ...(push.commit !== undefined && { commit: push.commit }),
  };
  await tx.putBlob(sources, new TextEncoder().encode(push.sources));
  await tx.put('pushes', row.id, row);
  for (const one of kept) {
    await tx.put('revisions', revisionKey(one.site, one.number), { ...one, push: row.id, at });
    await tx.delete('meta', unnamedKey(one.bundle));
  }
  for (const { site, forward } of prepared.sites)
    await keepNumbers(tx, site, { newest: forward.says.number, highest: forward.says.number + 1 });
  if (prepared.hasNewKeys) await keepSets(tx, prepared.chain);
  await labelSites(tx, rendering.labels);
  const detail = { sites: row.sites.length, comment: row.comment, keyId: row.keyId };
  await tx.appendAudit({ at, who: by, action: 'push', subject: row.id, detail });
  return row;
}

/** Labels are as the newest fleet directory has them, also of sites that this push does not change. */
async function labelSites(tx: HubTx, labels: FleetRendering['labels']): Promise<void> {
  for (const [name, wanted] of Object.entries(labels)) {
    const site = await tx.get('sites', name);
    if (site && JSON.stringify(site.labels) !== JSON.stringify(wanted))
      await tx.put('sites', name, { ...site, labels: wanted });
  }
}

function refused(because: string): AppError {
  return new AppError('push-refused', because);
}
