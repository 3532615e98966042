import { expect, it } from 'vitest';
import type { Ipv4 } from '../../kernel/ipv4.ts';
import type { MacAddress } from '../../kernel/mac.ts';
import { Journey } from './journey.ts';
import { simKind } from './kinds.ts';
import { entryNames, runGrub } from './run-grub.ts';

const MAC = '02:5c:00:00:00:01' as MacAddress;
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const FILE = `(tftp,10.0.0.1)/assets/sha256/${EMPTY}`;
const ENTRY = `set mac="\${net_default_mac}"\nsource '(tftp,10.0.0.1)/grub/ask/mac='"\${mac}"\nslipway_answer\n`;
const live = `function slipway_answer {
  echo 'Next: 2 files (1 MiB) come from the site, then live starts in memory.'
  if linux '${FILE}/vmlinuz' 'a=b' 'ds=nocloud-net;s=http://site/n/'; then
    initrd '${FILE}/initrd.img'
    boot
  fi
}
`;

async function run(files: Readonly<Record<string, string>>) {
  const asked: string[] = [];
  const told: string[] = [];
  const tftp = async (file: string): Promise<Uint8Array | undefined> => {
    asked.push(file);
    const text = files[file] ?? (file.startsWith('assets/') ? '' : undefined);
    return text === undefined ? undefined : new TextEncoder().encode(text);
  };
  const http = async () => Promise.reject(new Error('GRUB has no HTTP'));
  const journey = new Journey();
  const outcome = await runGrub(
    { cpu: 'arm64', server: '10.0.0.1', address: '10.0.0.77' as Ipv4, tftp },
    {
      ...{ client: { mac: MAC, kind: simKind('uefi-arm64'), http }, journey, goal: 'files', hurry: 1 },
      ...{ signal: new AbortController().signal, onTold: (what) => told.push(what), pause: async () => undefined },
    },
  ).catch((error: unknown) => `failed: ${error instanceof Error ? error.message : error}`);
  return { asked, told, outcome, stages: [...journey.notes.keys()] };
}

it('looks for its script by its card and its address before the one for all', async () => {
  expect(entryNames(MAC, '10.0.0.77' as Ipv4)).toEqual([
    'grub.cfg-01-02-5c-00-00-00-01',
    ...['0A00004D', '0A00004', '0A0000', '0A000', '0A00', '0A0', '0A', '0'].map((end) => `grub.cfg-${end}`),
    'grub.cfg',
  ]);
  const { asked, outcome } = await run({});
  expect(asked.slice(0, 5)).toEqual([
    ...['command', 'fs', 'crypto', 'terminal'].map((list) => `grub/arm64-efi/${list}.lst`),
    'grub/grub.cfg-01-02-5c-00-00-00-01',
  ]);
  expect(outcome).toMatch(/^failed: GRUB finds no grub\.cfg/);
});

it('carries out what it is told, and gives the command line of its kernel', async () => {
  const answers = { 'grub/grub.cfg': ENTRY, [`grub/ask/mac=${MAC}`]: live };
  const { asked, told, outcome, stages } = await run(answers);
  expect(asked.slice(-3)).toEqual([
    `grub/ask/mac=${MAC}`,
    `assets/sha256/${EMPTY}/vmlinuz`,
    `assets/sha256/${EMPTY}/initrd.img`,
  ]);
  expect(told).toEqual(['live']);
  expect(stages).toEqual(['entry script', 'script', 'kernel', 'initramfs']);
  expect(outcome).toBe('a=b ds=nocloud-net;s=http://site/n/');
});

it.each<[string, string, string, RegExp]>([
  ['bytes that are not those of their name', ENTRY, live.replace(EMPTY, 'a'.repeat(64)), /other bytes than its name/],
  ['another server', ENTRY.replace('10.0.0.1', '10.0.0.9'), live, /GRUB is sent to \(tftp,10\.0\.0\.9\)/],
  ['half a script', ENTRY, live.slice(0, -3), /GRUB misses \}/],
  ['a command that it does not know', `${ENTRY}frobnicate\n`, '', /has the command slipway_answer/],
  ['the local disk', 'echo "Going on with the local disk: no slot"\nexit\n', '', /goes on with the local disk/],
])('does not come through with %s', async (_name, entry, answer, why) => {
  const { outcome } = await run({ 'grub/grub.cfg': entry, [`grub/ask/mac=${MAC}`]: answer });
  expect(outcome).toMatch(why);
});
