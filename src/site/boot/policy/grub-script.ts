import type { Ipv4 } from '../../../kernel/ipv4.ts';
import type { GrubLine, GrubWord } from '../codec/grub.ts';
import {
  assign,
  branch,
  command,
  define,
  each,
  formatGrub,
  glued,
  grubEcho,
  grubWords,
  literal,
  shownLiteral,
  variable,
} from '../codec/grub.ts';
import type { BootDecision, ScriptFile } from './decision.ts';
import { onSite } from './grub-ask.ts';
import { countFromZero, is, limitWord } from './grub-entry.ts';
import {
  machineText,
  READING_SECONDS,
  screenTexts,
  startTexts,
  titleText,
  WARNING_SECONDS,
  warningTexts,
} from './screen.ts';
import type { ScriptFrame } from './scripts.ts';

type Start = Extract<BootDecision, { kind: 'live' | 'install' }>;

/** Seconds behind each try of a file. Each may take half a minute itself, where the site is silent. */
const PAUSES = ['2', '8', '15'] as const;
/** Rounds of all tries; each begins with a new question, so that an order or a slot that was taken away counts. */
const ROUNDS = 3;

/** A decision as what GRUB carries out: a function, because of half a function nothing is done. */
export function renderGrubAnswer(decision: BootDecision, frame: ScriptFrame): string {
  return formatGrub([
    define('slipway_answer', [...headLines(decision, frame), ...bodyLines(decision, frame.site.address)]),
    assign('answered', literal('1')),
  ]);
}

function headLines(decision: BootDecision, { siteName, claim, trouble }: ScriptFrame): GrubLine[] {
  return [
    grubEcho(literal('')),
    grubEcho(shownLiteral(titleText(decision, siteName))),
    grubEcho(shownLiteral(machineText(claim)), claim ? shownLiteral(claim.mac) : variable('mac')),
    ...(trouble === undefined ? [] : [grubEcho(shownLiteral(`What failed before: ${trouble}.`))]),
  ];
}

function bodyLines(decision: BootDecision, server: Ipv4): GrubLine[] {
  if (decision.kind === 'live' || decision.kind === 'install') return startLines(decision, server);
  const onScreen = screenTexts(decision).map((text) => grubEcho(shownLiteral(text)));
  switch (decision.kind) {
    case 'hold':
    case 'wait':
      return [...onScreen, assign('limit', limitWord(decision.holdSeconds)), next('wait')];
    case 'queue':
      return [...onScreen, ...countFromZero(), assign('limit', limitWord(decision.holdSeconds)), next('wait')];
    case 'local':
      return [...onScreen, next('local')];
    case 'refuse':
      return [...onScreen, sleep(String(READING_SECONDS)), next('local')];
  }
}

/** Fetches the files and starts them. Behind these lines everything failed, and the site is asked again. */
function startLines(decision: Start, server: Ipv4): GrubLine[] {
  const { kernel, initrds, cmdline, profile } = decision;
  const warning = warningTexts(decision).map((text) => grubEcho(shownLiteral(text)));
  const boot = [
    assign('step', literal('start')),
    grubEcho(shownLiteral(`Everything is here. Starting ${profile}...`)),
    command(...grubWords('boot')),
  ];
  const withInitrds =
    initrds.length === 0
      ? boot
      : fetchLines('initramfs', [...grubWords('initrd'), ...initrds.map((file) => asset(server, file))], boot);
  return [
    ...warning,
    ...(warning.length > 0 ? [sleep(String(WARNING_SECONDS))] : []),
    ...startTexts(decision).map((text) => grubEcho(shownLiteral(text))),
    ...fetchLines('kernel', [...grubWords('linux'), asset(server, kernel), ...cmdline.map(literal)], withInitrds),
    grubEcho(shownLiteral('This did not work: step'), variable('step')),
    grubEcho(
      shownLiteral(
        'What to do: look at the network cable; if it says "bad shim signature", Secure Boot does not allow this system. Tell whoever looks after this site what stands here.',
      ),
    ),
    assign('rounds', glued(variable('rounds'), literal('x'))),
    branch(is('rounds', 'x'.repeat(ROUNDS)), [assign('giveup', literal('1'))]),
    sleep('10'),
    next('again'),
  ];
}

/** A command that brings files, until it succeeds or was tried often enough; `then` is only for when it has. */
function fetchLines(step: string, words: readonly GrubWord[], then: readonly GrubLine[]): GrubLine[] {
  return [
    assign('step', literal(step)),
    assign('here', literal('0')),
    each('pause', PAUSES.map(literal), [
      branch(command(...words), [assign('here', literal('1')), command(...grubWords('break'))]),
      grubEcho(
        shownLiteral(`The ${step} could not be loaded, as the line above says; waiting, in seconds:`),
        variable('pause'),
      ),
      command(...grubWords('sleep'), variable('pause')),
    ]),
    branch(is('here', '1'), then),
  ];
}

function asset(server: Ipv4, { digest, name }: ScriptFile): GrubWord {
  return onSite(server, `assets/sha256/${digest}/${name}`);
}

function sleep(seconds: string): GrubLine {
  return command(...grubWords(`sleep ${seconds}`));
}

function next(what: 'wait' | 'again' | 'local'): GrubLine {
  return assign('next', literal(what));
}
