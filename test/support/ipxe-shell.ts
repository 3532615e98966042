/**
 * As much of iPXE's shell as our scripts use, after `core/exec.c` and `image/script.c` of iPXE: split at white space,
 * then `${…}`, then commands one by one; a line whose last command failed ends the script.
 */
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

export function runScript(script: string, world: ShellWorld): ShellRun {
  return new Shell(world).run(script);
}

type Outcome = { readonly errno: string } | undefined;

class Shell {
  readonly #world: ShellWorld;
  readonly #screen: string[] = [];
  readonly #commands: string[] = [];
  #slept = 0;
  #lines: readonly string[] = [];
  #position = 0;
  #end: ShellRun['end'] | undefined;

  constructor(world: ShellWorld) {
    this.#world = world;
  }

  run(script: string): ShellRun {
    this.#load(script);
    while (this.#end === undefined) this.#runLine();
    return { screen: this.#screen, commands: this.#commands, sleptSeconds: this.#slept, end: this.#end };
  }

  #load(script: string): void {
    if (!script.startsWith('#!ipxe\n')) throw new Error('not a script');
    this.#lines = script.split('\n');
    this.#position = 1;
  }

  #runLine(): void {
    const line = this.#lines[this.#position++];
    if (line === undefined) this.#end = 'fell off the end';
    else if (!line.startsWith(':')) this.#runTokens(line.split(/\s+/).filter((token) => token !== ''));
    if (this.#commands.length > MAX_COMMANDS) this.#end = 'too long';
  }

  #runTokens(tokens: readonly string[]): void {
    const lines = this.#lines;
    let outcome: Outcome;
    for (const { command, when } of splitCommands(tokens)) {
      if (when === 'always' || (when === 'success') === (outcome === undefined)) outcome = this.#execute(command);
      if (this.#end !== undefined || this.#lines !== lines) return;
    }
    if (outcome) this.#end = `failed: ${this.#commands.at(-1)}`;
  }

  #execute(command: readonly string[]): Outcome {
    const argv = command.map((token) => this.#expand(token));
    if (argv.length === 0) return undefined;
    this.#commands.push(argv.join(' '));
    const outcome = this.#dispatch(argv[0] ?? '', argv.slice(1));
    if (outcome) this.#world.settings.set('errno', outcome.errno);
    return outcome;
  }

  #expand(token: string): string {
    const inner = /\$\{([^${}]*)\}/.exec(token);
    if (!inner) return token;
    const [name = '', type] = (inner[1] ?? '').split(':');
    const value = this.#world.settings.get(name) ?? '';
    const shown = type === 'uristring' ? encodeURIComponent(value) : value;
    return this.#expand(token.replace(inner[0], () => shown));
  }

  #dispatch(name: string, args: readonly string[]): Outcome {
    const { settings } = this.#world;
    const [first = '', ...rest] = args;
    switch (name) {
      case 'echo':
        this.#screen.push(args.join(' '));
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
        this.#world.sleep?.(Number(first));
        return undefined;
      case 'goto':
        return this.#goto(first);
      default:
        return this.#dispatchBoot(name, args);
    }
  }

  #dispatchBoot(name: string, args: readonly string[]): Outcome {
    switch (name) {
      case 'cpuid':
      case 'imgfree':
        return undefined;
      case 'chain':
      case 'kernel':
      case 'initrd':
        return this.#fetch(name, args);
      case 'boot':
        return this.#leave(this.#world.boot?.(), 'booted');
      case 'sanboot':
        return this.#leave(this.#world.sanboot?.(), 'sanboot');
      case 'exit':
        this.#end = `exit ${args[0] ?? '0'}`;
        return undefined;
      default:
        throw new Error(`our scripts do not use ${name}`);
    }
  }

  #goto(name: string): Outcome {
    const index = this.#lines.indexOf(`:${name}`);
    if (index < 0) throw new Error(`no label ${name}`);
    this.#position = index;
    return undefined;
  }

  #fetch(command: string, args: readonly string[]): Outcome {
    const at = args.indexOf('--timeout');
    const url = args.find((arg) => arg.startsWith('http'));
    const answer = this.#world.fetch(url ?? '', Number(args[at + 1]));
    if ('errno' in answer) return answer;
    if (command === 'chain') this.#load(answer.script ?? '');
    return undefined;
  }

  #leave(failure: Outcome, end: ShellRun['end']): Outcome {
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
