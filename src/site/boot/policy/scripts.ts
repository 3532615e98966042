import { formatDuration } from '../../../kernel/duration.ts';
import type { Claim } from '../../../model/machine.ts';
import type { LocalBoot } from '../../../model/revision.ts';
import type { SiteAddress } from '../../../model/site-ports.ts';
import { httpBase } from '../../../model/site-ports.ts';
import type { Line, Word } from '../codec/ipxe.ts';
import { echo, formatScript, run, setting, shown, word, words } from '../codec/ipxe.ts';
import { askUrl } from './ask.ts';
import type { BootDecision } from './decision.ts';
import { startLines } from './start-script.ts';
import { waitLines } from './wait-script.ts';

/** For whom and from where a script is. */
export type ScriptFrame = {
  readonly siteName: string;
  readonly site: SiteAddress;
  /** undefined: the loader did not say who it is. */
  readonly claim: Claim | undefined;
  /** What failed before it asked, in words. */
  readonly trouble?: string | undefined;
};

/** Long enough to be read, or photographed. */
const READING_SECONDS = 20;

/** A decision as the script that iPXE runs. Whatever was decided, it ends in a system or at the local disk. */
export function renderScript(decision: BootDecision, frame: ScriptFrame): string {
  return formatScript([...headLines(decision, frame), ...bodyLines(decision, frame)]);
}

function bodyLines(decision: BootDecision, { site, claim }: ScriptFrame): Line[] {
  const ask = askUrl(httpBase(site), claim?.mac);
  switch (decision.kind) {
    case 'live':
    case 'install':
      return [...startLines(decision, httpBase(site), ask), ...localLines(decision.localBoot)];
    case 'hold':
      return [
        echo(shown('This site does not know the machine yet. Its code is:')),
        echo(),
        echo(shown(`*** ${decision.code} ***`)),
        echo(),
        echo(shown('What to do: tell the code to whoever looks after this site, and leave the machine on.')),
        echo(shown(`Without a place it goes on with its own disk after ${inWords(decision.leftSeconds)}.`)),
        ...waitLines(decision.holdSeconds, ask),
        ...localLines(decision.localBoot),
      ];
    case 'wait':
      return [
        echo(shown(`Not yet: ${decision.because}.`)),
        echo(shown('What to do: leave the machine on, it asks again by itself.')),
        echo(shown(`Otherwise it goes on with its own disk after ${inWords(decision.leftSeconds)}.`)),
        ...waitLines(decision.holdSeconds, ask),
        ...localLines(decision.localBoot),
      ];
    case 'local':
      return [
        echo(shown(`Going on with the local disk: ${decision.because}.`)),
        ...(decision.toDo === undefined ? [] : [echo(shown(`What to do: ${decision.toDo}${itsCode(decision.code)}.`))]),
        ...localLines(decision.localBoot),
      ];
    case 'refuse':
      return [
        echo(shown('The site starts nothing on this machine:')),
        echo(shown(`${decision.because}.`)),
        echo(shown(`What to do: tell whoever looks after this site what stands here${andCode(decision.code)}.`)),
        echo(shown(`It goes on with its own disk in ${READING_SECONDS} seconds.`)),
        run(words(`sleep ${READING_SECONDS}`), { orElse: [] }),
        ...localLines(decision.localBoot),
      ];
  }
}

function headLines(decision: BootDecision, { siteName, claim, trouble }: ScriptFrame): Line[] {
  const slot = 'slot' in decision && decision.slot !== undefined ? `, slot ${decision.slot}` : '';
  const who = [claim?.manufacturer, claim?.product].filter(Boolean).join(' ') || 'of unknown make';
  const address = claim ? shown(claim.mac) : [setting('netX/mac')];
  return [
    // They came with this question and are told; the next one must not tell them again.
    ...['error', 'step', 'giveup'].map((name) => run(words(`clear ${name}`), { orElse: [] })),
    echo(),
    echo(shown(`Slipway, site ${siteName}${slot}`)),
    echo(shown(`This machine: ${who}, serial ${claim?.serial || 'unknown'}, MAC`), address),
    ...(trouble === undefined ? [] : [echo(shown(`What failed before: ${trouble}.`))]),
  ];
}

/** The end of every script. A status other than 0 makes UEFI firmware try its next boot entry instead of stopping. */
function localLines(localBoot: LocalBoot): Line[] {
  const disk: readonly Word[] = words('sanboot --no-describe --drive 0x80');
  const viaBios = localBoot === 'sanboot' ? [run(disk, { orElse: [] })] : [];
  return [...viaBios, run([word('exit'), word('1')])];
}

function andCode(code: string | undefined): string {
  return code === undefined ? '' : `, and the code ${code}`;
}

function itsCode(code: string | undefined): string {
  return code === undefined ? '' : `; its code is ${code}`;
}

function inWords(seconds: number): string {
  if (seconds < 120) return `${seconds} seconds`;
  return seconds % 60 === 0 ? `${seconds / 60} minutes` : formatDuration(seconds * 1_000);
}
