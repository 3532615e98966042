import type { Line, Word } from '../codec/ipxe.ts';
import { echo, label, run, setting, shown, url, word, words } from '../codec/ipxe.ts';
import { initrdName } from './decide.ts';
import type { BootDecision, ScriptFile } from './decision.ts';
import { retryLines } from './retry.ts';

type Start = Extract<BootDecision, { kind: 'live' | 'install' }>;
type Install = Extract<Start, { kind: 'install' }>;

const TRIES = 6;
/** Rounds of all tries; each begins with a new script, so that an order or a slot that was taken away meanwhile counts. */
const ROUNDS = 3;
/** Without progress: Debian's iPXE of 2019 would wait for a silent peer for ever. */
const STALL_MS = 60_000;

/** Long enough to reach for the power switch. */
const WARNING_SECONDS = 5;

/** Fetches the files and starts them. Behind these lines everything failed, and the local disk is next. */
export function startLines(decision: Start, base: string, ask: Word): Line[] {
  const { kernel, initrds, cmdline } = decision;
  const files = [kernel, ...initrds];
  return [
    ...(decision.kind === 'install' ? warningLines(decision) : []),
    echo(shown(`Next: ${filesInWords(files)} come from the site, then ${decision.profile} starts in memory.`)),
    ...(decision.kind === 'live' ? [echo(shown('Slipway changes nothing on the disks of this machine.'))] : []),
    run(words('imgfree'), { orElse: [] }),
    ...fetchLines('kernel', [...fetchCommand('kernel', 'kernel', kernel, base), ...cmdline]),
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

/** Before anything is fetched: whoever stands there may still save what is on the disk. */
function warningLines({ order, attempt, disk, profile, wipe }: Install): Line[] {
  const where = disk === undefined ? 'the disk' : `the disk ${disk}`;
  const turn = `attempt ${attempt} of ${order.maxAttempts}`;
  const whose = order.by.kind === 'person' ? order.by.name : `the template, ${order.by.name}`;
  return [
    echo(shown(`${profile} INSTALLS on ${where} of this machine, ordered by ${whose} (${turn}).`)),
    ...(wipe ? [echo(shown('This install erases the disk first.'))] : []),
    echo(
      shown(`What is on that disk is lost. If that is wrong, switch the machine off in ${WARNING_SECONDS} seconds.`),
    ),
    run(words(`sleep ${WARNING_SECONDS}`), { orElse: [] }),
  ];
}

function filesInWords(files: readonly ScriptFile[]): string {
  return `${files.length} files (${inMiB(files.reduce((sum, file) => sum + file.sizeBytes, 0))})`;
}

function inMiB(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
