import type { Digest } from '../../../kernel/digest.ts';

/** `settled`: two roots, the current and the next. `rolling`: the one that was current before them counts still. */
export type RootPhase = 'settled' | 'rolling';
/** What a person wants: that head office issues from the next root, or that the old one counts no more. */
export type RootAct = 'roll' | 'end';
/** How a site stands: whether it believes the current and the next root, and has a certificate by the current one. */
export type SiteOfRoots = { readonly site: string; readonly knowsNext: boolean; readonly isOnCurrent: boolean };
export type RootStep =
  /** Done at once if `isReady` holds of every site that speaks for itself; `whyNot` says what is so at the others. */
  | { readonly do: RootAct; readonly isReady: (site: SiteOfRoots) => boolean; readonly whyNot: string }
  | { readonly do: 'refuse'; readonly because: string };

/** All that can be done about the roots. A site that knew neither root in force could only come back by a new code. */
export const ROOT_TABLE: Readonly<Record<RootPhase, Readonly<Record<RootAct, RootStep>>>> = {
  settled: {
    roll: { do: 'roll', isReady: ({ knowsNext }) => knowsNext, whyNot: 'the next root is not known yet at' },
    end: { do: 'refuse', because: 'there is no old root: nothing was rolled over since the last one ended' },
  },
  rolling: {
    roll: { do: 'refuse', because: 'the root before the current one counts still: end it first' },
    end: {
      do: 'end',
      isReady: ({ knowsNext, isOnCurrent }) => knowsNext && isOnCurrent,
      whyNot: 'both roots are not known, or the certificate is by the old one still, at',
    },
  },
};

/** Whether it can be done now, with the sites that hold it up. */
export function decideRoots(
  phase: RootPhase,
  act: RootAct,
  sites: readonly SiteOfRoots[],
): { readonly do: RootAct } | { readonly do: 'refuse'; readonly because: string; readonly behind: readonly string[] } {
  const step = ROOT_TABLE[phase][act];
  if (step.do === 'refuse') return { ...step, behind: [] };
  const behind = sites.filter((one) => !step.isReady(one)).map(({ site }) => site);
  if (behind.length === 0) return { do: step.do };
  const [first, more] = [behind[0], behind.length - 1];
  const who = more > 0 ? `${first} and ${more} more` : first;
  return { do: 'refuse', because: `${step.whyNot} ${who}; wait, or close the site`, behind };
}

/** Whether a site that believes these roots knows the ones that it should. */
export function knowsAll(believed: readonly Digest[] | undefined, wanted: readonly Digest[]): boolean {
  return wanted.every((one) => believed?.includes(one));
}
