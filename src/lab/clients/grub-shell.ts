import { type GrubBlock, type GrubStatement, type GrubWord, parseGrub } from './grub-parse.ts';
import type { ShellAnswer, ShellWish } from './ipxe-shell.ts';

type Wishes<T> = Generator<ShellWish, T, ShellAnswer>;

/** What SMBIOS (table 1) says of the machine, by what GRUB is told to read. */
export type GrubSmbios = Readonly<
  Record<'--get-uuid 8' | '--get-string 4' | '--get-string 5' | '--get-string 7', string>
>;

/** How a script ended; `exit`: back to the firmware. */
export type GrubEnd = { readonly end: 'booted' | 'exit' | 'fell off the end' };

const MAX_COMMANDS = 50_000;

/**
 * GRUB with one script, as far as our own scripts use it; whoever runs it grants its wishes. It has no disk: no file is
 * there, and no loader on one can be started.
 * @throws Error for a command that it does not know, rather than guessing what it does
 */
export function startGrub(script: string, variables: Map<string, string>, smbios: GrubSmbios): Wishes<GrubEnd> {
  return new Grub(variables, smbios).run(script);
}

/** A command succeeds or fails; the others leave what they are in. */
type Outcome = 'true' | 'false' | 'break' | 'exit' | 'booted';

class Grub {
  readonly #variables: Map<string, string>;
  readonly #smbios: GrubSmbios;
  readonly #functions = new Map<string, GrubBlock>();
  #commands = 0;

  constructor(variables: Map<string, string>, smbios: GrubSmbios) {
    this.#variables = variables;
    this.#smbios = smbios;
  }

  *run(script: string): Wishes<GrubEnd> {
    const outcome = yield* this.#block(parseGrub(script));
    return { end: outcome === 'booted' || outcome === 'exit' ? outcome : 'fell off the end' };
  }

  *#block(block: GrubBlock): Wishes<Outcome> {
    let outcome: Outcome = 'true';
    for (const statement of block) {
      outcome = yield* this.#statement(statement);
      if (leaves(outcome)) return outcome;
    }
    return outcome;
  }

  *#statement(statement: GrubStatement): Wishes<Outcome> {
    switch (statement.kind) {
      case 'command':
        return yield* this.#command(statement.words.map((word) => this.#expand(word)));
      case 'if': {
        const { condition, then, otherwise } = statement;
        const outcome = yield* this.#block(condition);
        return leaves(outcome) ? outcome : yield* this.#block(outcome === 'true' ? then : otherwise);
      }
      case 'for':
        return yield* this.#for(statement);
      case 'while':
        return yield* this.#while(statement);
      case 'function':
        this.#functions.set(statement.name, statement.body);
        return 'true';
    }
  }

  *#for({ variable, words, body }: Extract<GrubStatement, { kind: 'for' }>): Wishes<Outcome> {
    for (const word of words) {
      this.#variables.set(variable, this.#expand(word));
      const outcome = yield* this.#block(body);
      if (outcome === 'break') return 'true';
      if (leaves(outcome)) return outcome;
    }
    return 'true';
  }

  *#while({ condition, body }: Extract<GrubStatement, { kind: 'while' }>): Wishes<Outcome> {
    for (;;) {
      const goesOn = yield* this.#block(condition);
      if (goesOn !== 'true') return leaves(goesOn) ? goesOn : 'true';
      const outcome = yield* this.#block(body);
      if (outcome === 'break') return 'true';
      if (leaves(outcome)) return outcome;
    }
  }

  #expand(word: GrubWord): string {
    return word.map((part) => (typeof part === 'string' ? part : (this.#variables.get(part.variable) ?? ''))).join('');
  }

  *#command(words: readonly string[]): Wishes<Outcome> {
    this.#commands += 1;
    if (this.#commands > MAX_COMMANDS) throw new Error('the script of GRUB does not come to an end');
    const [name = '', ...args] = words;
    const own = this.#functions.get(name);
    if (own) return yield* this.#block(own);
    switch (name) {
      case 'echo':
        yield { kind: 'say', line: args.join(' ') };
        return 'true';
      case 'sleep':
        yield { kind: 'sleep', seconds: Number(args[0]) };
        return 'true';
      case 'source':
        return yield* this.#source(args[0] ?? '');
      case 'linux':
        return yield* this.#fetch('kernel', args[0] ?? '', words);
      case 'initrd':
        return yield* this.#initrds(args, words);
      case 'boot':
        // A system that was started never comes back.
        return (yield { kind: 'boot' }) === undefined ? 'booted' : 'false';
      default:
        return this.#quiet(name, args);
    }
  }

  /** Commands that need nobody. */
  #quiet(name: string, args: readonly string[]): Outcome {
    switch (name) {
      case 'true':
        return 'true';
      case 'break':
      case 'exit':
        return name;
      case 'chainloader':
        return 'false';
      case 'set': {
        const [variable = '', ...value] = (args[0] ?? '').split('=');
        this.#variables.set(variable, value.join('='));
        return 'true';
      }
      case '[':
        return isSo(args) ? 'true' : 'false';
      case 'regexp':
        return this.#regexp(args);
      case 'smbios': {
        const [, , get, which, , variable = ''] = args;
        this.#variables.set(variable, this.#smbios[`${get} ${which}` as keyof GrubSmbios] ?? '');
        return 'true';
      }
      default:
        throw new Error(`the script has the command ${name}, which this GRUB does not know`);
    }
  }

  #regexp(args: readonly string[]): Outcome {
    const [, group, variable] = /^--set=(\d):(\w+)$/.exec(args[0] ?? '') ?? [];
    const [pattern = '', text = ''] = variable === undefined ? args : args.slice(1);
    const found = new RegExp(pattern).exec(text);
    if (found && variable !== undefined) this.#variables.set(variable, found[Number(group)] ?? '');
    return found ? 'true' : 'false';
  }

  /** A script that is not there is an empty one; one that cannot be read is told on the screen, and nothing of it is done. */
  *#source(place: string): Wishes<Outcome> {
    const answer = yield { kind: 'fetch', command: 'chain', url: place, words: ['source', place], timeoutMs: 0 };
    if (answer === undefined || 'errno' in answer) return 'true';
    return yield* this.#block(parseGrub(answer.script ?? ''));
  }

  *#initrds(places: readonly string[], words: readonly string[]): Wishes<Outcome> {
    for (const place of places) if ((yield* this.#fetch('initrd', place, words)) === 'false') return 'false';
    return 'true';
  }

  *#fetch(command: 'kernel' | 'initrd', url: string, words: readonly string[]): Wishes<Outcome> {
    const answer = yield { kind: 'fetch', command, url, words, timeoutMs: 0 };
    return answer && 'errno' in answer ? 'false' : 'true';
  }
}

function leaves(outcome: Outcome): boolean {
  return outcome !== 'true' && outcome !== 'false';
}

/** `[ … ]`, as far as it is used: two texts, two numbers, and files, of which there is none. */
function isSo(args: readonly string[]): boolean {
  const [a = '', how = '', b = ''] = args;
  if (a === '-f') return false;
  if (how === '=') return a === b;
  if (how === '-ge') return Number(a) >= Number(b);
  throw new Error(`the script has the test ${args.join(' ')}, which this GRUB does not know`);
}
