import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import type { FleetFeedItem } from '../../wire/api/fleet-views.ts';
import { Refusal } from '../api.ts';
import type { Desk } from './desk.ts';

export const DeskContext = createContext<Desk | undefined>(undefined);

export function useDesk(): Desk {
  const desk = useContext(DeskContext);
  if (!desk) throw new Error('no desk');
  return desk;
}

/** Changes come in bursts, and three thousand sites report all the time. */
const GATHER_MS = 400;
const BETWEEN_MS = 1_000;
/** So that an item that was lost does no harm. */
const CALM_MS = 30_000;
const SILENT_MS = 5_000;

/** A view, and whether it can be had. While another query of the same path is asked, the view is that of the last one. */
export type Viewed<T> = { readonly view?: T; readonly refusal?: string };

/** Reads a view, and again whenever `concerns` says so of a change. `concerns` is one function for the life of the component. */
export function useView<T>(path: string, concerns: (item: FleetFeedItem) => boolean): Viewed<T> {
  const desk = useDesk();
  const [seen, setSeen] = useState<Viewed<T> & { readonly path: string }>({ path });
  useEffect(() => {
    let isGone = false;
    let isAsking = false;
    // Something changed while it was asked: the answer may be of before.
    let isStale = false;
    let readAt = 0;
    let next: ReturnType<typeof setTimeout> | undefined;
    const plan = (afterMs: number): void => {
      clearTimeout(next);
      next = setTimeout(() => void look(), afterMs);
    };
    const soon = (): number => Math.max(GATHER_MS, readAt + BETWEEN_MS - Date.now());
    const pause = (isFound: boolean): number => {
      if (!isFound) return SILENT_MS;
      return isStale ? soon() : CALM_MS;
    };
    const look = async (): Promise<void> => {
      isAsking = true;
      isStale = false;
      readAt = Date.now();
      const found = await desk.ask<T>(path).then(
        (view): Viewed<T> => ({ view }),
        (thrown: unknown) => (thrown instanceof Refusal ? { refusal: thrown.message } : undefined),
      );
      isAsking = false;
      if (isGone) return;
      // What was read stays while head office is silent; the banner says so.
      if (found) setSeen({ ...found, path });
      plan(pause(found !== undefined));
    };
    const stop = desk.onItem((item) => {
      if (item.view !== 'all' && !concerns(item)) return;
      isStale = true;
      if (!isAsking) plan(soon());
    });
    void look();
    return () => {
      isGone = true;
      clearTimeout(next);
      stop();
    };
  }, [desk, path]);
  return isSame(seen.path, path) ? seen : {};
}

function isSame(one: string, other: string): boolean {
  return one.split('?')[0] === other.split('?')[0];
}
