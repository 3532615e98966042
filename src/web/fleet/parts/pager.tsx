import { count } from '../words/fleet.ts';

type PagerProps = {
  readonly what: string;
  readonly offset: number;
  readonly size: number;
  readonly total: number;
  readonly show: (offset: number) => void;
};

/** Which rows of how many, and the way to the next ones; nothing if all are there. */
export function Pager({ what, offset, size, total, show }: PagerProps) {
  if (total <= size && offset === 0) return null;
  return (
    <nav class="pager" aria-label={`Pages of ${what}`}>
      <button type="button" disabled={offset === 0} onClick={() => show(Math.max(0, offset - size))}>
        Before
      </button>
      <span>
        {count(Math.min(offset + 1, total))}–{count(Math.min(offset + size, total))} of {count(total)}
      </span>
      <button type="button" disabled={offset + size >= total} onClick={() => show(offset + size)}>
        Next
      </button>
    </nav>
  );
}
