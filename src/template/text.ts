import { Context, Liquid, LiquidError, type StaticAnalysis, type Template } from 'liquidjs';
import type { Result } from '../kernel/result.ts';
import { err, ok } from '../kernel/result.ts';
import { findHoles, HOLES, type Hole, isHoleName, secretNameOf, TOKEN_HOLE } from '../model/holes.ts';
import type { Inside } from './places.ts';
import { didYouMean } from './problem.ts';

/** What a text may speak of, by first name: vars, site, and for a slot also slot and hardware. */
export type Scope = Readonly<Record<string, unknown>>;

/** What is wrong with a text, and where in it. */
export type TextProblem = { readonly message: string; readonly inside: Inside };

/** 256 KiB: the longest text that comes out of one template text. */
const maxRendered = 256 * 1024;
/** A store of 500 slots takes a tenth of it; the site answers nobody meanwhile. */
const maxRenderMs = 3_000;
const limits = { parseLimit: 1024 * 1024, renderLimit: maxRenderMs, memoryLimit: 4 * 1024 * 1024 };

const engine = createEngine();

/** The time that all texts of one template may take together, from when it was made. */
export type RenderBudget = Pick<Context, 'renderLimit'>;

export function createRenderBudget(renderMs = maxRenderMs): RenderBudget {
  return new Context({}, engine.options, { renderLimit: renderMs });
}

/** A template text, parsed once and rendered for many slots. */
export class LiquidText {
  readonly #templates: Template[];
  readonly #analysis: StaticAnalysis;

  private constructor(templates: Template[]) {
    this.#templates = templates;
    this.#analysis = engine.analyzeSync(templates, { partials: false });
  }

  /** Fails for what is no Liquid at all, and for tags and filters that do not exist here. */
  static parse(text: string): Result<LiquidText, TextProblem> {
    try {
      return ok(new LiquidText(engine.parse(text)));
    } catch (error) {
      return err(problemOf(error));
    }
  }

  /** Names that the scope does not have, wherever they stand: a branch that is not taken today is taken tomorrow. */
  undefinedNames(scope: Scope): readonly TextProblem[] {
    return Object.values(this.#analysis.globals)
      .flat()
      .flatMap((variable) => {
        const complaint = missing(variable.segments, scope);
        return complaint
          ? [{ message: complaint, inside: { row: variable.location.row, column: variable.location.col } }]
          : [];
      });
  }

  /** The text for one scope. Memory and length are bounded; time is, for all texts that share a budget. */
  render(scope: Scope, { renderLimit }: RenderBudget): Result<string, TextProblem> {
    try {
      const context = new Context(scope, engine.options, { sync: true }, { renderLimit, liquid: engine });
      const text: unknown = engine.renderSync(this.#templates, context);
      const rendered = String(text);
      if (rendered.length > maxRendered) return err({ message: 'it renders to more than 256 KiB', inside: start });
      return ok(rendered);
    } catch (error) {
      return err(problemOf(error));
    }
  }
}

/** Which secrets the template declares, and whether the text may hold one. */
export type HoleRules = { readonly secrets: readonly string[]; readonly mayHoldSecrets: boolean };

/** Holes that nobody will fill, and secrets where others would read them, in a text as it was written. */
export function holeProblems(text: string, rules: HoleRules): readonly TextProblem[] {
  return findHoles(text).flatMap((hole) => {
    const message = complaintOf(hole, rules);
    return message === undefined ? [] : [{ message, inside: insideAt(text, hole.offset) }];
  });
}

function complaintOf(hole: Hole, { secrets, mayHoldSecrets }: HoleRules): string | undefined {
  if (!hole.closed) return 'this @{ has no } on its line (write @@{ for a plain @{)';
  if (hole.name === TOKEN_HOLE && !mayHoldSecrets)
    return `@{${TOKEN_HOLE}} has a token in it: it may stand only in a document with \`secret: true\``;
  if (isHoleName(hole.name)) return undefined;
  const secret = secretNameOf(hole.name);
  if (secret === undefined) {
    const names = [...Object.keys(HOLES), ...secrets.map((name) => `secret.${name}`)];
    const guess = didYouMean(hole.name, names) || `; there are: ${names.join(', ')}`;
    return `there is no place @{${hole.name}}${guess} (write @@{ for a plain @{)`;
  }
  if (!secrets.includes(secret))
    return `there is no secret "${secret}"${didYouMean(secret, secrets) || ': declare it below `secrets`'}`;
  return mayHoldSecrets ? undefined : 'a secret may stand only in a document with `secret: true`';
}

/** Row and column of an offset. */
export function insideAt(text: string, offset: number): Inside {
  const before = text.slice(0, offset);
  return { row: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}

const start: Inside = { row: 1, column: 1 };

/**
 * An engine of its own: strict, without files, and without what would give one template two results
 * (today's date, a random element).
 */
function createEngine(): Liquid {
  const liquid = new Liquid({
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    templates: {},
    timezoneOffset: 0,
    ...limits,
  });
  for (const tag of ['include', 'render', 'layout', 'block']) delete liquid.tags[tag];
  for (const filter of Object.keys(liquid.filters)) {
    if (filter.startsWith('date') || filter === 'sample') delete liquid.filters[filter];
  }
  return liquid;
}

/** A sentence if the scope has nothing at this path. What is computed at run time is left to rendering. */
function missing(segments: readonly unknown[], scope: Scope): string | undefined {
  let here: unknown = scope;
  const walked: string[] = [];
  for (const segment of segments) {
    if (typeof segment !== 'string') return undefined;
    if ((typeof here === 'string' || Array.isArray(here)) && ['size', 'first', 'last'].includes(segment))
      return undefined;
    const names = typeof here === 'object' && here !== null ? Object.keys(here) : [];
    if (!names.includes(segment)) {
      const path = [...walked, segment].join('.');
      return `{{ ${path} }} is not defined here${didYouMean(segment, names)}`;
    }
    here = Reflect.get(here as object, segment);
    walked.push(segment);
  }
  return undefined;
}

function problemOf(error: unknown): TextProblem {
  // Its place is where the time was over, which is the fault of nobody who stands there.
  if (error instanceof Error && error.message.startsWith('template render limit exceeded'))
    return { message: `all texts together take longer than ${maxRenderMs / 1_000} s to render`, inside: start };
  if (!LiquidError.is(error))
    return {
      message: `it cannot be rendered: ${error instanceof Error ? error.message : String(error)}`,
      inside: start,
    };
  const [row = 1, column = 1] = error.token?.getPosition() ?? [];
  const message = error.message.replace(/, (file:.*, )?line:\d+, col:\d+$/, '');
  return { message: `it cannot be rendered: ${message}`, inside: { row, column } };
}
