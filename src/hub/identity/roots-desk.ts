import type { Digest } from '../../kernel/digest.ts';
import { AppError } from '../../kernel/errors.ts';
import type { FleetSite } from '../../model/fleet/hub-rows.ts';
import type { HubStore, HubTx } from '../../model/fleet/hub-store.ts';
import type { RootsDesk } from '../../model/fleet/identity-desk.ts';
import type { Caller } from '../../wire/link/handlers.ts';
import { type Authority, digestOf } from './authority.ts';
import type { HelloAsks } from './hello-asks.ts';
import { certificateKey } from './issue.ts';
import { decideRoots, knowsAll, type SiteOfRoots } from './policy/root-roll.ts';

export type RootsDeskParts = {
  readonly store: HubStore;
  readonly authority: Authority;
  readonly asks: HelloAsks;
  readonly now: () => number;
  /** Makes what head office shows of itself by the root that is current now. */
  readonly renewOwn: () => Promise<void>;
};

/** What a Hello shows of a site, and what is to be answered to it. */
export type AtHello = { readonly isTrustNew: boolean; readonly renew: boolean };

export interface HubRoots extends RootsDesk {
  /** `believed`: sha256 of each root that the site named. */
  atHello(tx: HubTx, caller: Pick<Caller, 'site' | 'serial'>, believed: readonly Digest[]): Promise<AtHello>;
  /** Has every site say Hello within a while. */
  askAll(): Promise<void>;
}

/** The roots, how far each site follows them, and what a person does about them. */
export function createRootsDesk({ store, authority, asks, now, renewOwn }: RootsDeskParts): HubRoots {
  const wanted = (): readonly Digest[] => authority.pair().map(digestOf);
  const phase = () => (authority.old() ? 'rolling' : 'settled');

  async function standing(tx: HubTx, { name, roots }: FleetSite): Promise<SiteOfRoots> {
    const sessions = await tx.list('sessions', { prefix: `${name}/` });
    const current = sessions.find(({ row }) => row.standing === 'current')?.row;
    return {
      site: name,
      knowsNext: knowsAll(roots, wanted()),
      isOnCurrent: current !== undefined && (await isByCurrent(tx, { site: name, serial: current.serial })),
    };
  }

  async function isByCurrent(tx: HubTx, of: { readonly site: string; readonly serial: string }): Promise<boolean> {
    const row = await tx.get('certificates', certificateKey(of));
    return row?.root === digestOf(authority.current.certificate);
  }

  async function standings(tx: HubTx): Promise<readonly SiteOfRoots[]> {
    const sites = (await tx.list('sites')).filter(({ row }) => row.state === 'enrolled');
    const found: SiteOfRoots[] = [];
    for (const { row } of sites) found.push(await standing(tx, row));
    return found;
  }

  return {
    atHello: async (tx, { site, serial }, believed) => {
      const all = authority.roots().map(digestOf);
      const isTrustNew = believed.length !== all.length || !knowsAll(believed, all);
      const renew = phase() === 'rolling' && !(await isByCurrent(tx, { site, serial }));
      if (!isTrustNew && !renew) asks.done(site);
      return { isTrustNew, renew };
    },

    askAll: async () => asks.begin((await store.read(standings)).map(({ site }) => site)),

    roots: async (tx) => ({
      phase: phase(),
      roots: authority.described(),
      sites: await standings(tx),
    }),

    moveRoots: async (act, by) => {
      const sites = await store.read(standings);
      const step = decideRoots(phase(), act, sites);
      if (step.do === 'refuse') throw new AppError('command-refused', step.because);
      const audit = { at: now(), who: by, action: `roots.${act}`, subject: 'roots' };
      await (act === 'roll' ? authority.roll(audit) : authority.end(audit));
      asks.begin(sites.map(({ site }) => site));
      await renewOwn();
      return act === 'roll'
        ? 'Head office issues from the next root now, and made another one. Sites learn of it within half an hour after they are reached, and renew. Make a backup now.'
        : 'The old root counts no more. Make a backup now: with one from before the roll-over no site would believe head office.';
    },
  };
}
