import type { MacAddress } from '../../kernel/mac.ts';
import { uuidText } from './dora.ts';
import type { ClientAsk, HttpAnswer } from './http-fetch.ts';
import { type ShellAnswer, type ShellWish, startShell } from './ipxe-shell.ts';
import { type Journey, JourneyEnd, type Stopwatch } from './journey.ts';
import type { SimKind } from './kinds.ts';
import type { Goal } from './report.ts';

/** What the programs of a simulated machine may do. */
export type Running = {
  readonly mac: MacAddress;
  readonly kind: SimKind;
  readonly http: (ask: ClientAsk, watch: Stopwatch) => Promise<HttpAnswer>;
};

type FetchWish = Extract<ShellWish, { kind: 'fetch' }>;

/** A loader at work: its script, and how it comes to files. */
export type Script = {
  readonly shell: Generator<ShellWish, { readonly end: string }, ShellAnswer>;
  /** undefined: there is no such file. */
  readonly fetch: (
    wish: FetchWish,
    watch: Stopwatch,
  ) => Promise<{ readonly text: string; readonly sha256: string; readonly bytes: number } | undefined>;
};

export type LoaderRun = {
  readonly client: Running;
  readonly journey: Journey;
  readonly goal: Goal;
  readonly hurry: number;
  readonly signal: AbortSignal;
  readonly onTold: (told: string) => void;
  readonly pause: (ms: number) => Promise<void>;
};

/** iPXE's numbers for "no such file" and for a connection that broke. */
const ERRNO = { notFound: '0x2d0c613b', broken: '0x0f0a6095' } as const;

/** What a line on the screen says of the decision behind it. */
const SAYINGS: readonly (readonly [pattern: RegExp, told: string])[] = [
  [/ INSTALLS on /, 'install'],
  [/comes? from the site, then /, 'live'],
  [/^\*\*\* \S+ \*\*\*$/, 'hold'],
  [/place \d+ in the queue/i, 'queue'],
  [/^Not yet: /, 'wait'],
  [/^Going on with the local disk: /, 'local'],
  [/starts nothing on this machine/, 'refuse'],
];

/**
 * Runs iPXE's scripts, with their waits, until the goal is reached.
 * @returns the command line of the kernel that it would start; undefined: its goal was its script
 * @throws JourneyEnd if the scripts lead elsewhere
 */
export function runLoader(entry: string, run: LoaderRun): Promise<string | undefined> {
  const { client } = run;
  const fetch: Script['fetch'] = async ({ command, url, timeoutMs }, watch) => {
    const answer = await client.http({ url, keep: command === 'chain', stallMs: timeoutMs }, watch);
    return answer.status === 200 ? answer : undefined;
  };
  return carryOut({ shell: startShell(entry, settingsOf(client)), fetch }, run);
}

/** As `runLoader`, whichever loader it is. */
export function carryOut(script: Script, run: LoaderRun): Promise<string | undefined> {
  return new Loader(run, script).run();
}

class Loader {
  readonly #run: LoaderRun;
  readonly #script: Script;
  #told = '';
  #lastWords = '';
  #cmdline = '';

  constructor(run: LoaderRun, script: Script) {
    this.#run = run;
    this.#script = script;
  }

  async run(): Promise<string | undefined> {
    const { shell } = this.#script;
    let turn = shell.next();
    while (!turn.done) {
      const wish = turn.value;
      if (wish.kind === 'boot') return this.#cmdline;
      if (wish.kind === 'say') this.#hear(wish.line);
      // A simulated machine installs nothing: it fetches no file of an install, and no secret of one.
      if (this.#told === 'install') return this.#stopAtInstall();
      const isTold = this.#told !== '' && this.#run.goal === 'script';
      if (isTold) return undefined;
      turn = shell.next(await this.#grant(wish));
    }
    const how = turn.value.end.startsWith('failed') ? `: ${turn.value.end}` : '';
    throw new JourneyEnd(`goes on with the local disk${how} (${this.#lastWords})`);
  }

  #stopAtInstall(): undefined {
    if (this.#run.goal === 'script') return undefined;
    throw new JourneyEnd('is told to install, which a simulated machine does not');
  }

  #hear(line: string): void {
    const told = SAYINGS.find(([pattern]) => pattern.test(line))?.[1];
    if (told !== undefined && told !== this.#told) this.#run.onTold(told);
    this.#told = told ?? this.#told;
    if (line !== '') this.#lastWords = line;
  }

  async #grant(wish: ShellWish): Promise<ShellAnswer> {
    if (wish.kind === 'sleep') await this.#run.pause(wish.seconds * 1_000);
    if (wish.kind === 'sanboot') return { errno: ERRNO.notFound };
    return wish.kind === 'fetch' ? this.#fetch(wish) : undefined;
  }

  async #fetch(wish: FetchWish): Promise<ShellAnswer> {
    const { command, url, words } = wish;
    const stage = command === 'chain' ? 'script' : command === 'kernel' ? 'kernel' : 'initramfs';
    const { journey } = this.#run;
    if (command === 'kernel') this.#cmdline = words.slice(words.indexOf(url) + 1).join(' ');
    try {
      return await journey.at(stage, async (watch) => {
        const got = await this.#script.fetch(wish, watch);
        if (!got) return { errno: ERRNO.notFound };
        watch.bytes += got.bytes;
        const wanted = /\/assets\/sha256\/([0-9a-f]{64})\//.exec(url)?.[1];
        if (wanted !== undefined && wanted !== got.sha256)
          throw new JourneyEnd(`other bytes than its name promises: ${url}`);
        return command === 'chain' ? { script: got.text } : undefined;
      });
    } catch (error) {
      if (error instanceof JourneyEnd || this.#run.signal.aborted) throw error;
      return { errno: ERRNO.broken };
    }
  }
}

/** What SMBIOS says of a simulated machine. */
export function smbiosOf({ mac, kind }: Pick<Running, 'mac' | 'kind'>) {
  const serial = `SIM-${mac.replaceAll(':', '')}`;
  return { uuid: uuidText(mac), serial, manufacturer: 'Slipway', product: `simulated ${kind.name}` };
}

function settingsOf({ mac, kind }: Running): Map<string, string> {
  const { next } = kind;
  const platform = next.kind === 'ipxe' ? next.platform : 'efi';
  const buildarch = next.kind === 'ipxe' ? next.buildarch : 'x86_64';
  return new Map(
    Object.entries({
      ...{ platform, buildarch, ...smbiosOf({ mac, kind }) },
      ...{ 'netX/mac': mac, 'net0/mac': mac },
    }),
  );
}
