import type { Line, Word } from '../codec/ipxe.ts';
import { echo, label, run, setting, shown, word, words } from '../codec/ipxe.ts';
import { TICK_SECONDS } from './ask.ts';

/**
 * Asks again every five seconds. iPXE keeps `waited` when another script takes over, so the time runs on from script to
 * script; and it runs also when the site is gone, because each question that fails counts as the five seconds that it
 * may have taken. A question to a site that refuses at once shortens the wait: better than one that never ends.
 * Behind these lines the time is over.
 */
export function waitLines(holdSeconds: number, ask: Word): Line[] {
  const limit = Math.max(1, Math.ceil(holdSeconds / TICK_SECONDS));
  const overYet = run([word('iseq'), setting('waited'), word(String(limit))], {
    andThen: words('goto over'),
    orElse: [],
  });
  const question = [...words(`chain --replace --autofree --timeout ${TICK_SECONDS * 1_000}`), ask];
  return [
    run([word('isset'), setting('waited')], { orElse: words('set waited:int32 0') }),
    label('wait'),
    run(words(`sleep ${TICK_SECONDS}`), { orElse: [] }),
    run(words('inc waited')),
    overYet,
    run(question, { orElse: [...words('set error'), setting('errno')] }),
    echo(shown('The site does not answer now, code'), [setting('error')], shown('(waiting on)')),
    run(words('inc waited')),
    overYet,
    run(words('goto wait')),
    label('over'),
    echo(shown('The time is over. Going on with the local disk.')),
    // So that the site knows, and if it has something better after all.
    run(question, { orElse: [] }),
  ];
}
