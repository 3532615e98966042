import { shortDigest } from '../kernel/digest.ts';
import { formatDuration } from '../kernel/duration.ts';
import type { BootFile, Document, InstallPlan, Slot, SlotMatch } from '../model/revision.ts';
import { formatCmdline } from '../template/cmdline.ts';

/** What a slot would be given, for people; places that are filled at boot time stand as they are. */
export function formatSlot(slot: Slot): string {
  const { profile } = slot;
  const rows: readonly (readonly [string, string])[] = [
    ...slot.match.map((row) => ['match', formatMatch(row)] as const),
    ...Object.entries(slot.interfaces).map(
      ([name, one]) =>
        [name, `${one.network} ${one.address ?? 'leased'}${one.boot ? '' : ' (not booted from)'}`] as const,
    ),
    ['kernel', formatFile(profile.kernel)],
    ...profile.initrds.map((file) => ['initrd', formatFile(file)] as const),
    ['cmdline', formatCmdline(profile.cmdline)],
    ...(profile.install ? [['install', formatInstall(profile.install)] as const] : []),
  ];
  const hardware = slot.hardware === undefined ? profile.arch : `${slot.hardware}, ${profile.arch}`;
  return [
    `${slot.name}: profile ${profile.name} (${hardware})`,
    ...rows.map(([label, text]) => `  ${label.padEnd(8)} ${text}`),
    ...Object.entries(profile.documents).map(([name, document]) => formatDocument(name, document)),
    '',
  ].join('\n');
}

function formatInstall({ completes, attempts, withinSeconds, disk }: InstallPlan): string {
  const on = disk === undefined ? '' : `on ${disk}, `;
  return `${on}complete by ${completes}, ${attempts} attempts within ${formatDuration(withinSeconds * 1_000)}`;
}

function formatMatch(row: SlotMatch): string {
  return Object.entries(row)
    .map(([kind, value]) => `${kind} ${value}`)
    .join(' and ');
}

function formatFile(file: BootFile): string {
  return `${file.name} (sha256 ${shortDigest(file.digest)}…)`;
}

function formatDocument(name: string, document: Document): string {
  if (document.kind === 'interfaces') return `  ${name}: written from the interfaces`;
  const lines = document.text.trimEnd().split('\n');
  const notes = [...(document.secret ? ['secret'] : []), ...(document.fill ? [] : ['handed on untouched'])];
  const note = notes.length > 0 ? ` (${notes.join(', ')})` : '';
  return [`  ${name}:${note}`, ...lines.map((line) => `    ${line}`.trimEnd())].join('\n');
}
