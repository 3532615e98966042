import { describe, expect, it } from 'vitest';
import { INITRD, KERNEL, POS_MAC, SITE } from '../../../../test/support/sample-site.ts';
import { startGrub } from '../../../lab/clients/grub-shell.ts';
import type { ShellAnswer, ShellWish } from '../../../lab/clients/ipxe-shell.ts';
import type { BootDecision } from './decision.ts';
import { parseAskName } from './grub-ask.ts';
import { renderGrubEntry } from './grub-entry.ts';
import { renderGrubAnswer } from './grub-script.ts';
import { READING_SECONDS } from './screen.ts';

/** The scripts of the site in a GRUB that is asked and answers at once. Its site says what `site` says, or nothing. */
type World = {
  readonly site: (values: (name: string) => string | undefined, seconds: number) => BootDecision | 'silent';
  readonly file?: (path: string, times: number) => ShellAnswer;
};

const SILENT_SECONDS = 32;
const ROOT = `(tftp,${SITE.address})/`;
const live: BootDecision = {
  ...{ kind: 'live', slot: 'pos-1', profile: 'demo', localBoot: 'exit' },
  kernel: { digest: KERNEL, name: 'vmlinuz', sizeBytes: 8_000_000 },
  initrds: [{ digest: INITRD, name: 'initrd.img', sizeBytes: 22_000_000 }],
  cmdline: ['console=ttyS0', 'quiet'],
};
const hold = (waited: number): BootDecision => {
  const leftSeconds = Math.max(0, 300 - waited);
  return { kind: 'hold', code: '7F3K', holdSeconds: 300, leftSeconds, localBoot: 'exit' };
};

function run(world: World) {
  const asked: string[] = [];
  const screen: string[] = [];
  const tried = new Map<string, number>();
  let seconds = 0;
  const fetch = ({ command, url }: Extract<ShellWish, { kind: 'fetch' }>): ShellAnswer => {
    const path = url.slice(ROOT.length);
    const values = parseAskName(path);
    if (command !== 'chain' || !values) {
      tried.set(path, (tried.get(path) ?? 0) + 1);
      return world.file?.(path, tried.get(path) ?? 0);
    }
    asked.push(path);
    const decision = world.site(values, seconds);
    if (decision !== 'silent')
      return { script: renderGrubAnswer(decision, { siteName: 's', site: SITE, claim: undefined }) };
    seconds += SILENT_SECONDS;
    return { errno: 'silent' };
  };
  const grant = (wish: ShellWish): ShellAnswer => {
    if (wish.kind === 'fetch') return fetch(wish);
    if (wish.kind === 'say') screen.push(wish.line);
    if (wish.kind === 'sleep') seconds += wish.seconds;
    return undefined;
  };
  const variables = new Map([
    ['net_default_mac', POS_MAC as string],
    ['grub_cpu', 'arm64'],
    ['grub_platform', 'efi'],
  ]);
  const smbios = { '--get-uuid 8': '', '--get-string 7': 'CZC 1', '--get-string 4': 'A"; exit', '--get-string 5': 'P' };
  const shell = startGrub(renderGrubEntry('s', SITE), variables, smbios);
  let turn = shell.next();
  while (!turn.done) turn = shell.next(grant(turn.value));
  return { end: turn.value.end, asked, screen, seconds, tried };
}

describe('GRUB with the scripts of the site', () => {
  it('says who it is, starts its system and asks nothing more', () => {
    const { end, asked, tried } = run({ site: () => live });
    expect(end).toBe('booted');
    expect(asked).toEqual([
      `grub/ask/mac=${POS_MAC}&buildarch=arm64&platform=efi&waited=00000&giveup=&step=&uuid=&serial=CZC 1&manufacturer=&product=P`,
    ]);
    expect([...tried.keys()].map((path) => path.split('/').at(-1))).toEqual(['vmlinuz', 'initrd.img']);
  });

  it('goes on with its disk once a site was silent for three minutes', () => {
    const { end, screen, seconds } = run({ site: () => 'silent' });
    expect(end).toBe('exit');
    expect(screen).toContain('The time is over. Going on with the local disk.');
    expect(seconds).toBeGreaterThanOrEqual(180);
    expect(seconds).toBeLessThan(300);
  });

  it('counts what it has waited, and asks once more when the time of a hold is over', () => {
    const waited: number[] = [];
    const { end, seconds } = run({
      site: (values) => {
        waited.push(Number(values('waited')));
        return hold((waited.at(-1) ?? 0) * 5);
      },
    });
    expect(waited).toEqual([...Array.from({ length: 61 }, (_, tick) => tick), 60]);
    expect([end, seconds]).toEqual(['exit', 300 + READING_SECONDS]);
  });

  it('waits through a silence in a hold, and starts when it has a slot', () => {
    const { end, seconds } = run({ site: (_, at) => (at > 120 ? live : at > 30 && at < 60 ? 'silent' : hold(at)) });
    expect(end).toBe('booted');
    expect(seconds).toBeGreaterThan(120);
  });

  it('tries a kernel that does not come three times a round, says so, and gives up after three rounds', () => {
    const steps: string[] = [];
    const { end, tried } = run({
      site: (values) => {
        steps.push(`${values('step')} ${values('giveup')}`);
        return values('giveup') === '1' ? { kind: 'local', because: 'many tries', localBoot: 'exit' } : live;
      },
      file: () => ({ errno: 'no' }),
    });
    expect(end).toBe('exit');
    expect([...tried.values()]).toEqual([9]);
    expect(steps).toEqual([' ', 'kernel ', 'kernel ', 'kernel 1']);
  });
});
