import type { Line, Word } from '../codec/ipxe.ts';
import { echo, label, nested, run, setting, shown, word, words } from '../codec/ipxe.ts';

/** Seconds before the next try: short at first, for a link that is still coming up, then as long as a site takes to start. */
const PAUSES = [2, 4, 8] as const;
const LAST_PAUSE = 15;

export type Retry = {
  readonly label: string;
  readonly before?: readonly Line[];
  readonly command: readonly Word[];
  readonly tries: number;
  /** What a person reads between two tries; without a full stop. */
  readonly failed: string;
  /** The label where the script goes on when no try was left. */
  readonly giveUp: string;
};

/**
 * A command, again and again with growing pauses until it succeeds; then the script goes on behind these lines.
 * `error` keeps the code of the failure: iPXE overwrites `errno` with the next comparison that is not true.
 */
export function retryLines({ label: name, before = [], command, tries, failed, giveUp }: Retry): Line[] {
  const pauses = Array.from({ length: tries - 1 }, (_, i) => PAUSES[i] ?? LAST_PAUSE);
  return [
    run(words('set tries:int32 0')),
    ...pauses.map((seconds, i) => run(words(`set pause${i + 1} ${seconds}`))),
    label(name),
    ...before,
    run(command, { andThen: words(`goto ${name}-done`), orElse: [...words('set error'), setting('errno')] }),
    run(words('inc tries')),
    run([word('iseq'), setting('tries'), word(String(tries))], { andThen: words(`goto ${giveUp}`), orElse: [] }),
    echo(
      [...shown(`${failed} (try`), setting('tries'), ...shown(`of ${tries}), again in`)],
      [nested('pause', 'tries'), ...shown('seconds. Code:'), setting('error')],
    ),
    run([word('sleep'), nested('pause', 'tries')], { orElse: [] }),
    run(words(`goto ${name}`)),
    label(`${name}-done`),
  ];
}
