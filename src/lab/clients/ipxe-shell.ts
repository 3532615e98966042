/** What a script wants of the world, and is answered with. */
export type ShellWish =
  | {
      readonly kind: 'fetch';
      readonly command: 'chain' | 'kernel' | 'initrd';
      readonly url: string;
      /** The whole command. */
      readonly words: readonly string[];
      readonly timeoutMs: number;
    }
  | { readonly kind: 'sleep'; readonly seconds: number }
  /** Says on the screen. */
  | { readonly kind: 'say'; readonly line: string }
  | { readonly kind: 'boot' | 'sanboot' };

/** An error number: the wish failed. A script: what `chain` goes on with. undefined: done; for `boot`, it never comes back. */
export type ShellAnswer = { readonly errno: string } | { readonly script?: string } | undefined;

/** The world of a shell that is asked and answers at once. */
export type ShellWorld = {
  readonly settings: Map<string, string>;
  /** Fails with an error number, or answers a script (chain) or anything else (kernel, initrd). */
  readonly fetch: (url: string, timeoutMs: number) => { readonly errno: string } | { readonly script?: string };
  /** 0 for a system that never comes back. */
  readonly boot?: () => { readonly errno: string } | undefined;
  readonly sanboot?: () => { readonly errno: string } | undefined;
  /** For a shell whose site is a real one, and needs the time. */
  readonly sleep?: (seconds: number) => void;
};

export type ShellRun = {
  readonly screen: readonly string[];
  /** Every command as it was run, expanded. */
  readonly commands: readonly string[];
  readonly sleptSeconds: number;
  readonly end: 'booted' | 'sanboot' | `exit ${string}` | 'fell off the end' | `failed: ${string}` | 'too long';
};

const MAX_COMMANDS = 20_000;

/** Runs a script in a world that answers at once. */
export function runScript(script: string, world: ShellWorld): ShellRun {
  const shell = startShell(script, world.settings);
  let turn = shell.next();
  while (!turn.done) turn = shell.next(grant(turn.value, world));
  return turn.value;
}

function grant(wish: ShellWish, world: ShellWorld): ShellAnswer {
  switch (wish.kind) {
    case 'fetch':
      return world.fetch(wish.url, wish.timeoutMs);
    case 'sleep':
      return void world.sleep?.(wish.seconds);
    case 'say':
      return undefined;
    case 'boot':
      return world.boot?.();
    case 'sanboot':
      return world.sanboot?.();
  }
}

type Wishes<T> = Generator<ShellWish, T, ShellAnswer>;

/**
 * As much of iPXE's shell as our scripts use, after `core/exec.c` and `image/script.c` of iPXE: split at white space,
 * then `${…}`, then commands one by one; a line whose last command failed ends the script. Whoever runs it grants its wishes.
 * @throws Error for a command that it does not know, rather than guessing what it does
 */
export function startShell(script: string, settings: Map<string, string>): Wishes<ShellRun> {
  return new Shell(settings).run(script);
}

type Outcome = { readonly errno: string } | undefined;

class Shell {
  readonly #settings: Map<string, string>;
  readonly #screen: string[] = [];
  readonly #commands: string[] = [];
  #slept = 0;
  #lines: readonly string[] = [];
  #position = 0;
  #end: ShellRun['end'] | undefined;

  constructor(settings: Map<string, string>) {
    this.#settings = settings;
  }

  *run(script: string): Wishes<ShellRun> {
    this.#load(script);
    while (this.#end === undefined) yield* this.#runLine();
    return { screen: this.#screen, commands: this.#commands, sleptSeconds: this.#slept, end: this.#end };
  }

  #load(script: string): void {
    if (!script.startsWith('#!ipxe\n')) throw new Error('not a script');
    this.#lines = script.split('\n');
    this.#position = 1;
  }

  *#runLine(): Wishes<void> {
    const line = this.#lines[this.#position++];
    if (line === undefined) this.#end = 'fell off the end';
    else if (!line.startsWith(':')) yield* this.#runTokens(line.split(/\s+/).filter((token) => token !== ''));
    if (this.#commands.length > MAX_COMMANDS) this.#end = 'too long';
  }

  *#runTokens(tokens: readonly string[]): Wishes<void> {
    const lines = this.#lines;
    let outcome: Outcome;
    for (const { command, when } of splitCommands(tokens)) {
      if (when === 'always' || (when === 'success') === (outcome === undefined))
        outcome = yield* this.#execute(command);
      if (this.#end !== undefined || this.#lines !== lines) return;
    }
    if (outcome) this.#end = `failed: ${this.#commands.at(-1)}`;
  }

  *#execute(command: readonly string[]): Wishes<Outcome> {
    const argv = command.map((token) => this.#expand(token));
    if (argv.length === 0) return undefined;
    this.#commands.push(argv.join(' '));
    const outcome = yield* this.#dispatch(argv[0] ?? '', argv.slice(1));
    if (outcome) this.#settings.set('errno', outcome.errno);
    return outcome;
  }

  #expand(token: string): string {
    const inner = /\$\{([^${}]*)\}/.exec(token);
    if (!inner) return token;
    const [name = '', type] = (inner[1] ?? '').split(':');
    const value = this.#settings.get(name) ?? '';
    const shown = type === 'uristring' ? encodeURIComponent(value) : value;
    return this.#expand(token.replace(inner[0], () => shown));
  }

  *#dispatch(name: string, args: readonly string[]): Wishes<Outcome> {
    const settings = this.#settings;
    const [first = '', ...rest] = args;
    switch (name) {
      case 'echo':
        this.#screen.push(args.join(' '));
        yield { kind: 'say', line: args.join(' ') };
        return undefined;
      case 'set':
        settings.set(first.split(':')[0] ?? '', rest.join(' '));
        return undefined;
      case 'clear':
        return settings.delete(first) ? undefined : { errno: '0x2d000000' };
      case 'inc':
        settings.set(first, String(Number(settings.get(first) ?? 0) + 1));
        return undefined;
      case 'isset':
        return first === '' ? { errno: '0x2d000001' } : undefined;
      case 'iseq':
        return first === rest[0] ? undefined : { errno: '0x22000001' };
      case 'sleep':
        this.#slept += Number(first);
        yield { kind: 'sleep', seconds: Number(first) };
        return undefined;
      case 'goto':
        return this.#goto(first);
      default:
        return yield* this.#dispatchBoot(name, args);
    }
  }

  *#dispatchBoot(name: string, args: readonly string[]): Wishes<Outcome> {
    switch (name) {
      case 'cpuid':
      case 'imgfree':
        return undefined;
      case 'chain':
      case 'kernel':
      case 'initrd':
        return yield* this.#fetch(name, args);
      case 'boot':
        return this.#leave(yield { kind: 'boot' }, 'booted');
      case 'sanboot':
        return this.#leave(yield { kind: 'sanboot' }, 'sanboot');
      case 'exit':
        this.#end = `exit ${args[0] ?? '0'}`;
        return undefined;
      default:
        throw new Error(`the script has the command ${name}, which this shell does not know`);
    }
  }

  #goto(name: string): Outcome {
    const index = this.#lines.indexOf(`:${name}`);
    if (index < 0) throw new Error(`no label ${name}`);
    this.#position = index;
    return undefined;
  }

  *#fetch(command: 'chain' | 'kernel' | 'initrd', args: readonly string[]): Wishes<Outcome> {
    const at = args.indexOf('--timeout');
    const url = args.find((arg) => arg.startsWith('http'));
    const answer = yield { kind: 'fetch', command, url: url ?? '', words: args, timeoutMs: Number(args[at + 1]) };
    if (answer && 'errno' in answer) return answer;
    if (command === 'chain') this.#load(answer?.script ?? '');
    return undefined;
  }

  #leave(answer: ShellAnswer, end: ShellRun['end']): Outcome {
    const failure = answer && 'errno' in answer ? answer : undefined;
    if (!failure) this.#end = end;
    return failure;
  }
}

type Command = { readonly command: readonly string[]; readonly when: 'always' | 'success' | 'failure' };

/** The commands of a line, and after which outcome of the one before each runs. */
export function splitCommands(tokens: readonly string[]): readonly Command[] {
  const comment = tokens.findIndex((token) => token.startsWith('#'));
  const commands: { command: string[]; when: Command['when'] }[] = [{ command: [], when: 'always' }];
  for (const token of comment < 0 ? tokens : tokens.slice(0, comment)) {
    if (token === '||') commands.push({ command: [], when: 'failure' });
    else if (token === '&&') commands.push({ command: [], when: 'success' });
    else if (token === ';') commands.push({ command: [], when: 'always' });
    else commands.at(-1)?.command.push(token);
  }
  return commands;
}
