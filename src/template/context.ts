import { parseDuration } from '../kernel/duration.ts';
import type { Ipv4, Subnet } from '../kernel/ipv4.ts';
import { hostAt, parseIpv4 } from '../kernel/ipv4.ts';
import type { Result } from '../kernel/result.ts';
import type { Inside, Path, Problems } from './places.ts';
import { createRenderBudget, type HoleRules, holeProblems, LiquidText, type Scope, type TextProblem } from './text.ts';

/** A text of the template or of a document file, and how to say what is wrong at a place inside of it. */
export type Source = { readonly text: string; readonly say: (message: string, inside?: Inside, slot?: string) => void };

/** What compiling shares: where problems go, and each text parsed once. */
export class Context {
  readonly problems: Problems;
  readonly #budget = createRenderBudget();
  readonly #parsed = new Map<string, Result<LiquidText, TextProblem>>();

  constructor(problems: Problems) {
    this.problems = problems;
  }

  /** The source for a text in the template itself. */
  source(path: Path, text: string): Source {
    return { text, say: (message, inside, slot) => this.problems.value(path, message, { slot }, inside) };
  }

  /** Says all that can be known to be wrong with a text without rendering it; with `holes` also of its @{…}. */
  check(source: Source, scope: Scope, holes?: HoleRules): void {
    const parsed = this.#parse(source);
    if (parsed) for (const problem of parsed.undefinedNames(scope)) source.say(problem.message, problem.inside);
    if (holes) for (const problem of holeProblems(source.text, holes)) source.say(problem.message, problem.inside);
  }

  /** The text rendered; undefined if it was wrong, which has been said. `slot` is what it is rendered for. */
  render(source: Source, scope: Scope, slot?: string): string | undefined {
    if (!source.text.includes('{{') && !source.text.includes('{%')) return source.text;
    const parsed = this.#parse(source);
    if (!parsed) return undefined;
    const undefinedNames = parsed.undefinedNames(scope);
    for (const problem of undefinedNames) source.say(problem.message, problem.inside, slot);
    if (undefinedNames.length > 0) return undefined;
    const rendered = parsed.render(scope, this.#budget);
    if (!rendered.ok) source.say(rendered.error.message, rendered.error.inside, slot);
    return rendered.ok ? rendered.value : undefined;
  }

  /** A text of the template, rendered and without blanks around it. */
  text(path: Path, value: string, scope: Scope, slot?: string): string | undefined {
    return this.render(this.source(path, value), scope, slot)?.trim();
  }

  /** A value rendered if it is a text, else as it is. */
  plain(path: Path, value: string | number | boolean, scope: Scope): string | number | boolean | undefined {
    return typeof value === 'string' ? this.render(this.source(path, value), scope) : value;
  }

  /** A whole number between two bounds, both included. */
  integer(
    path: Path,
    value: number | string,
    scope: Scope,
    bounds: { readonly min: number; readonly max: number },
  ): number | undefined {
    const text = typeof value === 'string' ? this.text(path, value, scope) : String(value);
    if (text === undefined) return undefined;
    const number = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= bounds.min && number <= bounds.max) return number;
    return this.wrong(path, `a whole number from ${bounds.min} to ${bounds.max}`, text);
  }

  /** A length of time in whole seconds between two bounds, both included. */
  seconds(
    path: Path,
    value: string,
    scope: Scope,
    bounds: { readonly min: string; readonly max: string },
  ): number | undefined {
    const text = this.text(path, value, scope);
    if (text === undefined) return undefined;
    const ms = parseDuration(text);
    const fits = ms !== undefined && ms >= (parseDuration(bounds.min) ?? 0) && ms <= (parseDuration(bounds.max) ?? 0);
    return fits && ms % 1_000 === 0
      ? ms / 1_000
      : this.wrong(path, `a time from ${bounds.min} to ${bounds.max}, such as 90s, 5m or 2h`, text);
  }

  /** An address, or `+n` counted from the first address of the subnet. */
  address(path: Path, value: number | string, subnet: Subnet, scope: Scope): Ipv4 | undefined {
    const text = typeof value === 'string' ? this.text(path, value, scope) : `+${value}`;
    if (text === undefined) return undefined;
    if (/^\+\d{1,9}$/.test(text)) {
      const address = hostAt(subnet, Number(text.slice(1)));
      return address ?? this.wrong(path, `an offset inside of ${subnet.network}/${subnet.prefix}`, text);
    }
    return parseIpv4(text) ?? this.wrong(path, 'an IPv4 address such as 10.0.0.9, or an offset such as +9', text);
  }

  /** Says what was expected and what was found. */
  wrong(path: Path, expected: string, found: string): undefined {
    this.problems.value(path, `expected ${expected}, found "${found.slice(0, 60)}"`, { expected, found });
    return undefined;
  }

  #parse(source: Source): LiquidText | undefined {
    const known = this.#parsed.get(source.text);
    const parsed = known ?? LiquidText.parse(source.text);
    if (!known) this.#parsed.set(source.text, parsed);
    if (!parsed.ok) source.say(parsed.error.message, parsed.error.inside);
    return parsed.ok ? parsed.value : undefined;
  }
}
