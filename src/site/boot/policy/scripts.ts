import type { Claim } from '../../../model/machine.ts';
import type { LocalBoot } from '../../../model/revision.ts';
import type { SiteAddress } from '../../../model/site-ports.ts';
import { httpBase } from '../../../model/site-ports.ts';
import type { Line, Word } from '../codec/ipxe.ts';
import { echo, formatScript, run, setting, shown, word, words } from '../codec/ipxe.ts';
import { askUrl } from './ask.ts';
import type { BootDecision } from './decision.ts';
import { machineText, READING_SECONDS, screenTexts, titleText } from './screen.ts';
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

/** A decision as the script that iPXE runs. Whatever was decided, it ends in a system or at the local disk. */
export function renderScript(decision: BootDecision, frame: ScriptFrame): string {
  return formatScript([...headLines(decision, frame), ...bodyLines(decision, frame)]);
}

function bodyLines(decision: BootDecision, { site, claim }: ScriptFrame): Line[] {
  const ask = askUrl(httpBase(site), claim?.mac);
  if (decision.kind === 'live' || decision.kind === 'install')
    return [...startLines(decision, httpBase(site), ask), ...localLines(decision.localBoot)];
  const onScreen = screenTexts(decision).map((text) => (text === '' ? echo() : echo(shown(text))));
  switch (decision.kind) {
    case 'hold':
    case 'wait':
      return [...onScreen, ...waitLines(decision.holdSeconds, ask), ...localLines(decision.localBoot)];
    case 'queue': {
      const fromNow = run(words('set waited:int32 0'));
      return [...onScreen, fromNow, ...waitLines(decision.holdSeconds, ask), ...localLines(decision.localBoot)];
    }
    case 'local':
      return [...onScreen, ...localLines(decision.localBoot)];
    case 'refuse': {
      const toRead = run(words(`sleep ${READING_SECONDS}`), { orElse: [] });
      return [...onScreen, toRead, ...localLines(decision.localBoot)];
    }
  }
}

function headLines(decision: BootDecision, { siteName, claim, trouble }: ScriptFrame): Line[] {
  const address = claim ? shown(claim.mac) : [setting('netX/mac')];
  return [
    // They came with this question and are told; the next one must not tell them again.
    ...['error', 'step', 'giveup'].map((name) => run(words(`clear ${name}`), { orElse: [] })),
    echo(),
    echo(shown(titleText(decision, siteName))),
    echo(shown(machineText(claim)), address),
    ...(trouble === undefined ? [] : [echo(shown(`What failed before: ${trouble}.`))]),
  ];
}

/** The end of every script. A status other than 0 makes UEFI firmware try its next boot entry instead of stopping. */
function localLines(localBoot: LocalBoot): Line[] {
  const disk: readonly Word[] = words('sanboot --no-describe --drive 0x80');
  const viaBios = localBoot === 'sanboot' ? [run(disk, { orElse: [] })] : [];
  return [...viaBios, run([word('exit'), word('1')])];
}
