import type { Line, Word } from '../codec/ipxe.ts';
import { echo, label, plainWords, run, setting, shown, url, word, words } from '../codec/ipxe.ts';
import type { BootDecision, ScriptFile } from './decision.ts';
import { retryLines } from './retry.ts';
import { startTexts, WARNING_SECONDS, warningTexts } from './screen.ts';

type Start = Extract<BootDecision, { kind: 'live' | 'install' }>;

const TRIES = 6;
/** Rounds of all tries; each begins with a new script, so that an order or a slot that was taken away meanwhile counts. */
const ROUNDS = 3;
/** Without progress: Debian's iPXE of 2019 would wait for a silent peer for ever. */
const STALL_MS = 60_000;

/** Fetches the files and starts them. Behind these lines everything failed, and the local disk is next. */
export function startLines(decision: Start, base: string, ask: Word): Line[] {
  const { kernel, initrds, cmdline } = decision;
  // Without it a 2019 iPXE on UEFI gives the kernel no initramfs; elsewhere it does no harm.
  const names = initrds.map((_, i) => word(`initrd=${initrdName(i)}`));
  return [
    ...(decision.kind === 'install' ? warningLines(decision) : []),
    ...startTexts(decision).map((text) => echo(shown(text))),
    run(words('imgfree'), { orElse: [] }),
    ...fetchLines('kernel', [...fetchCommand('kernel', 'kernel', kernel, base), ...plainWords(cmdline), ...names]),
    ...initrds.flatMap((file, i) => fetchLines(`initramfs${i}`, fetchCommand('initrd', initrdName(i), file, base))),
    echo(shown(`Everything is here. Starting ${decision.profile}...`)),
    run(words('set step start')),
    run(words('boot'), { orElse: [...words('set error'), setting('errno')] }),
    ...failureLines(ask),
  ];
}

function fetchCommand(command: 'kernel' | 'initrd', name: string, file: ScriptFile, base: string): Word[] {
  const source = url(base, `/assets/sha256/${file.digest}/${file.name}`);
  return [...words(`${command} --timeout ${STALL_MS} --name ${name}`), source];
}

function fetchLines(what: string, command: readonly Word[]): Line[] {
  return [
    run(words(`set step ${what}`)),
    ...retryLines({ label: what, command, tries: TRIES, failed: `The ${what} did not arrive`, giveUp: 'failed' }),
  ];
}

/** Tells the site what went wrong by asking it once more. */
function failureLines(ask: Word): Line[] {
  return [
    label('failed'),
    echo(shown('This did not work: step'), [setting('step')], shown('failed with code'), [setting('error')]),
    echo(
      shown('What to do: look at the network cable. If it stays, tell whoever looks after this site what stands here.'),
    ),
    run([word('isset'), setting('rounds')], { orElse: words('set rounds:int32 0') }),
    run(words('inc rounds')),
    run([word('iseq'), setting('rounds'), word(String(ROUNDS))], { andThen: words('set giveup 1'), orElse: [] }),
    run(words('imgfree'), { orElse: [] }),
    run(words('sleep 10'), { orElse: [] }),
    run([...words('chain --replace --autofree --timeout 30000'), ask], { orElse: [] }),
    echo(shown('The site does not answer. Going on with the local disk.')),
  ];
}

function warningLines(decision: Start): Line[] {
  return [
    ...warningTexts(decision).map((text) => echo(shown(text))),
    run(words(`sleep ${WARNING_SECONDS}`), { orElse: [] }),
  ];
}

/** Names of our own, so that no name of a template can clash with another or with a path of the kernel's. */
function initrdName(index: number): string {
  return `initrd${index}.img`;
}
