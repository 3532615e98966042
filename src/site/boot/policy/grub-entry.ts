import type { SiteAddress } from '../../../model/site-ports.ts';
import type { GrubLine, GrubWord } from '../codec/grub.ts';
import {
  assign,
  branch,
  command,
  define,
  each,
  forever,
  formatGrub,
  glued,
  grubComment,
  grubEcho,
  grubWords,
  literal,
  pattern,
  shownLiteral,
  test,
  variable,
} from '../codec/grub.ts';
import { TICK_SECONDS } from './ask.ts';
import { askName } from './grub-ask.ts';
import { READING_SECONDS } from './screen.ts';

/** Until a site has answered once, it may be starting; after this it is really gone, and the machine boots what it has. */
const FIRST_LIMIT_SECONDS = 180;
/** So long GRUB asks a server that is silent: 40 times, each a little longer (GRUB_NET_TRIES); measured, 32 seconds. */
const SILENT_TICKS = 6;
/** The digits of the count of ticks, the last one first. */
const DIGITS = ['w1', 'w2', 'w3', 'w4', 'w5'] as const;

/** Where systems lie on a disk: those that have a loader of their own, then the place for removable media. */
const SYSTEMS = [
  '(*)/EFI/*/shimx64.efi',
  '(*)/EFI/*/shimaa64.efi',
  '(*)/EFI/*/grubx64.efi',
  '(*)/EFI/*/grubaa64.efi',
  '(*)/EFI/Microsoft/Boot/bootmgfw.efi',
  '(*)/EFI/BOOT/BOOTX64.EFI',
  '(*)/EFI/BOOT/BOOTAA64.EFI',
] as const;

/** GRUB itself has said why, in its own words. */
const STARTED_NOTHING = [
  'The system on the disk did not start. The lines above say why.',
  'What to do: if it says "bad shim signature", Secure Boot does not allow that system.',
] as const;

const FOUND_NOTHING = [
  'There is no system on the disks of this machine.',
  'What to do: if it should be installed, tell whoever looks after this site.',
] as const;

/**
 * The script that every GRUB gets first; the same for all machines. It collects what the machine knows of itself, asks
 * for the answer that is meant for it, and carries that out: an answer is a function `slipway_answer`, which shows what
 * was decided, does it, and sets `next` (`wait`, `again`, `local`) and `limit`. The loop stays here: scripts that load
 * scripts would fill GRUB's memory; and so the time is counted also when the site is gone.
 */
export function renderGrubEntry(siteName: string, site: SiteAddress): string {
  return formatGrub([
    grubComment('The same for every machine: asks the site which answer is meant for this one.'),
    grubEcho(shownLiteral(`Slipway, site ${siteName}`)),
    ...ownWords(),
    ...countLines(),
    define('local_boot', localBootLines()),
    assign('limit', limitWord(FIRST_LIMIT_SECONDS)),
    forever([
      assign('answered', literal('0')),
      // GRUB takes a script that is not there for an empty one: only its own last line tells that it came whole.
      command(...grubWords('source'), askName(site.address)),
      branch(
        is('answered', '1'),
        [...['step', 'giveup'].map((name) => assign(name, literal(''))), command(...grubWords('slipway_answer'))],
        [
          grubEcho(shownLiteral('The site does not answer now (waiting on). Look at the network cable.')),
          each(
            'silent',
            Array.from({ length: SILENT_TICKS }, () => literal('x')),
            [command(...grubWords('tick'))],
          ),
          assign('next', literal('wait')),
          // Once the time is over, a silent site is not asked again.
          assign('last', literal('1')),
        ],
      ),
      branch(is('next', 'local'), [stop()]),
      branch(is('next', 'wait'), [
        // One question more when the time is over: so that the site knows, and if it has something better after all.
        branch(
          isOver(),
          [branch(is('last', '1'), [timeIsOver(), stop()]), assign('last', literal('1'))],
          [assign('last', literal('0')), command(...grubWords(`sleep ${TICK_SECONDS}`)), command(...grubWords('tick'))],
        ),
      ]),
    ]),
    command(...grubWords('local_boot')),
    // Never its prompt: whoever stands there could start anything from it.
    command(...grubWords('exit')),
  ]);
}

/** `limit` for a wait of so many seconds, counted from the first question; its first digit keeps GRUB from reading it as octal. */
export function limitWord(seconds: number): GrubWord {
  const ticks = Math.min(Math.max(1, Math.ceil(seconds / TICK_SECONDS)), 10 ** DIGITS.length - 1);
  return literal(`1${String(ticks).padStart(DIGITS.length, '0')}`);
}

/** What SMBIOS says of the machine (table 1); empty where that is nothing, or cannot stand in a name. */
function ownWords(): GrubLine[] {
  const plain = '^[A-Za-z0-9 ._,:;/+*@()#=%!?-]{1,64}$';
  const fields = [
    ['uuid', '--get-uuid 8', '^[0-9A-Fa-f-]{36}$'],
    ['serial', '--get-string 7', plain],
    ['manufacturer', '--get-string 4', plain],
    ['product', '--get-string 5', plain],
  ] as const;
  return [
    assign('mac', variable('net_default_mac')),
    ...fields.flatMap(([name, where, wanted]) => [
      assign(name, literal('')),
      command(...grubWords(`smbios --type 1 ${where} --set ${name}`)),
      branch(
        command(...grubWords('regexp'), literal(wanted), variable(name)),
        [command(...grubWords('true'))],
        [assign(name, literal(''))],
      ),
    ]),
  ];
}

/** GRUB cannot add: the digit behind the one that it has is looked up, and after a nine the next place has its turn. */
function countLines(): GrubLine[] {
  const step = (at: number): GrubLine[] => {
    const digit = DIGITS[at];
    if (digit === undefined) return [command(...grubWords('true'))];
    const lookUp = command(
      ...grubWords(`regexp --set=1:${digit}`),
      glued(variable(digit), literal('(.)')),
      literal('01234567890'),
    );
    return [lookUp, branch(is(digit, '0'), step(at + 1))];
  };
  return [...countFromZero(), define('tick', [...step(0), readCount()])];
}

/** The time that the machine has waited begins anew. */
export function countFromZero(): GrubLine[] {
  return [...DIGITS.map((digit) => assign(digit, literal('0'))), readCount()];
}

function readCount(): GrubLine {
  return assign('waited', glued(...DIGITS.toReversed().map(variable)));
}

function localBootLines(): GrubLine[] {
  return [
    assign('found', literal('0')),
    each('system', SYSTEMS.map(pattern), [
      branch(test(...grubWords('-f'), variable('system')), [
        assign('found', literal('1')),
        grubEcho(shownLiteral('Starting'), variable('system')),
        // A program looks for its own files where it comes from, and that GRUB tells it by `root`, not by its path.
        command(...grubWords('regexp --set=1:root'), literal('^[(]([^)]*)[)]'), variable('system')),
        branch(command(...grubWords('chainloader'), variable('system')), [command(...grubWords('boot'))]),
      ]),
    ]),
    branch(
      is('found', '1'),
      STARTED_NOTHING.map((text) => grubEcho(shownLiteral(text))),
      FOUND_NOTHING.map((text) => grubEcho(shownLiteral(text))),
    ),
    grubEcho(shownLiteral(`Going back to the firmware in ${READING_SECONDS} seconds.`)),
    // The firmware clears the screen.
    command(...grubWords(`sleep ${READING_SECONDS}`)),
  ];
}

function timeIsOver(): GrubLine {
  return grubEcho(shownLiteral('The time is over. Going on with the local disk.'));
}

function isOver(): GrubLine {
  return test(glued(literal('1'), variable('waited')), ...grubWords('-ge'), variable('limit'));
}

function stop(): GrubLine {
  return command(...grubWords('break'));
}

/** A variable holds this text. */
export function is(name: string, text: string): GrubLine {
  return test(variable(name), ...grubWords('='), literal(text));
}
