import { posix } from 'node:path';
import { type BootWay, OFFER_SHAPES, type OfferShape } from '../../src/model/boot-way.ts';
import { CLIENT_KINDS, type ClientKind } from '../../src/site/dhcp/policy/client-kinds.ts';
import { CLIENT_PROOFS, MODES, type Mode, type Proof } from './client-proofs.ts';

export const CLIENTS_PAGE = 'docs/use/clients.md';

const SHAPES: Readonly<Record<OfferShape, string>> = {
  file: 'server and file in siaddr, `file`, 66 and 67; nothing of PXE',
  'no-menu': 'the same, with `PXEClient` (60) and `06 01 08` (43): take this file, show no menu',
  'ask-boot-server': 'the same, with `PXEClient` and without 43: the firmware then asks port 4011',
  url: '`HTTPClient` (60), and the URL of the loader in `file` and 67',
  'plain-file': 'siaddr and `file` alone, with `PXEClient`',
  pi: '`PXEClient`, the text `Raspberry Pi Boot` (43), and the server in 66; it knows its file names itself',
  script: 'the address of the boot script: by HTTP if the client says that it can (175), else by TFTP',
  none: 'nothing to boot from',
};

const RASPBERRY_PI = [
  'What a Raspberry Pi starts is its own firmware: the template names those files (`raspberryPi`: `start4.elf`, `fixup4.dat`, `config.txt`,',
  'a kernel or a U-Boot, …), and TFTP has them for every such board, in the folder of its serial number, in that of its MAC, and in none.',
  'Where the template names none, a Raspberry Pi is not answered. Nobody has tried this on a real board yet.',
  '',
];

const ABOUT = [
  'Firmware says in its DHCP request what it is. Each kind is answered in the form that it takes; what there is no loader for',
  'is not answered at all, so that it goes on to its next boot device, and the log says `ignored, because there is no loader for …`.',
  'Of several architectures the best counts: the first row that fits is the one. Where architecture (93) is missing or 0, the text of option 60 counts.',
  '',
  'A machine that does not come on is answered in the next form, and with the next loader when it took one and was never heard',
  'again ([when a boot stands still](../operate/stalls.md)). A class of hardware can say both itself:',
  '`hardware.NAME.loader` and `hardware.NAME.offer` in [the template](template.md).',
  '',
];

/** The page of all kinds of clients, made from their table. */
export function clientsPage(): string {
  return [
    '<!-- generated from src/site/dhcp/policy/client-kinds.ts and test/generated/client-proofs.ts by `npm run generate` -->',
    '',
    '# What boots, and how',
    '',
    ...ABOUT,
    '| kind | known by | loaders, in the order in which they are tried | answers, likewise | beside another server | why |',
    '|---|---|---|---|---|---|',
    ...CLIENT_KINDS.map(kindRow),
    '',
    'The answers:',
    '',
    ...OFFER_SHAPES.map((shape) => `- **${shape}**: ${SHAPES[shape]}.`),
    '',
    ...RASPBERRY_PI,
    '## What is proved',
    '',
    'Each kind has a recorded or assembled request in `test/packets/requests`, and the answer to it in `test/packets/answers`,',
    'also beside another server. A cell names the tests in which such a client really boots; *simulated* is a program that says what recorded firmware said.',
    'In mode `auto` the site is one of the first two, when it has found out which. What firmware of the lab said from its first DISCOVER to its loader',
    'is in `test/packets/transcripts`; [a test](../../test/wire/transcripts.test.ts) says it again and compares the answers.',
    '',
    `| kind | ${MODES.join(' | ')} |`,
    `|---|${MODES.map(() => '---').join('|')}|`,
    ...CLIENT_KINDS.map((kind) => `| ${kind.name} | ${MODES.map((mode) => proofCell(kind, mode)).join(' | ')} |`),
    '',
  ].join('\n');
}

function kindRow(kind: ClientKind): string {
  const [own, beside] = [kind.ways('authoritative'), kind.ways('proxy')];
  const delay = kind.proxyDelayMs === undefined ? '' : `, ${kind.proxyDelayMs / 1000} s later`;
  const cells = [
    `**${kind.name}**: ${kind.title}`,
    kind.recognisedBy,
    own.length === 0
      ? 'none'
      : own.some(({ shape }) => shape === 'pi')
        ? 'of the template'
        : listed(own.map(({ loader }) => loader)),
    listed(own.map(({ shape }) => shape)),
    beside.length === 0 ? '' : `${listed(beside.map(({ shape }) => shape))}${delay}`,
    kind.because,
  ];
  return `| ${cells.join(' | ')} |`;
}

function listed(words: readonly BootWay['loader'][]): string {
  return [...new Set(words)].flatMap((word) => (word === undefined ? [] : [`\`${word}\``])).join(', ');
}

function proofCell(kind: ClientKind, mode: Mode): string {
  const ways = kind.ways(mode === 'proxy' ? 'proxy' : 'authoritative');
  if (ways.length === 0) return 'no loader';
  if (kind.client === 'os' && mode === 'proxy') return 'left to the other server';
  const proofs = CLIENT_PROOFS[kind.name]?.[mode] ?? [];
  return proofs.length === 0 ? 'not tested' : proofs.map(proofLink).join(', ');
}

function proofLink({ file, test, simulated }: Proof): string {
  const link = `[${test.replace('%s', '…')}](${posix.relative(posix.dirname(CLIENTS_PAGE), file)})`;
  return simulated ? `${link} (simulated)` : link;
}
