import { describe, expect, test } from 'vitest';
import { createRenderBudget, holeProblems, LiquidText } from './text.ts';

const scope = { vars: { name: 'x', count: 3, serials: ['A', 'B'] }, slot: { name: 'pos-1', index: 1 } };

function parsed(text: string): LiquidText {
  const result = LiquidText.parse(text);
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

describe('LiquidText', () => {
  test.each([
    ['{{ vars.name }}-{{ vars.count | plus: 1 }}', 'x-4'],
    ['{% if vars.count > 2 %}many{% else %}few{% endif %}', 'many'],
    ['{% for s in vars.serials %}{{ s }}{{ forloop.index }}{% endfor %}', 'A1B2'],
    ['{{ vars.serials[slot.index] }}{{ vars.serials.size }}', 'B2'],
    ['{% assign n = vars.count %}{{ n }}', '3'],
    ['{% raw %}{{ v1.name }}{% endraw %}', '{{ v1.name }}'],
  ])('renders %s', (text, wanted) => {
    expect(parsed(text).undefinedNames(scope)).toEqual([]);
    expect(parsed(text).render(scope, createRenderBudget())).toEqual({ ok: true, value: wanted });
  });

  test.each([
    ['a\n {% if false %}{{ vars.nam }}{% endif %}', '{{ vars.nam }} is not defined here; did you mean "name"?', 2, 19],
    ['{{ vars.name.first_letter }}', '{{ vars.name.first_letter }} is not defined here', 1, 4],
    ['{% for s in vars.serial %}{% endfor %}', '{{ vars.serial }} is not defined here; did you mean "serials"?', 1, 13],
    ['{{ vars["name"] }}{{ vars.constructor }}', '{{ vars.constructor }} is not defined here', 1, 22],
    ['{{ hardware.name }}', '{{ hardware }} is not defined here', 1, 4],
    ['{% unless vars.x %}{% endunless %}', '{{ vars.x }} is not defined here', 1, 11],
  ])('finds the undefined name in %j', (text, message, row, column) => {
    expect(parsed(text).undefinedNames(scope)).toEqual([{ message, inside: { row, column } }]);
    expect(parsed(text).undefinedNames({ ...scope })).toHaveLength(1);
  });

  test.each([
    '{{ a',
    '{% if %}',
    '{% nope %}',
    '{{ vars.name | nope }}',
    '{% include "a" %}',
    '{% render "a" %}',
    '{{ "now" | date: "%Y" }}',
    '{{ vars.serials | sample }}',
  ])('refuses %s', (text) => {
    expect(LiquidText.parse(text).ok).toBe(false);
  });

  test.each([
    '{% for i in (1..100000000) %}x{% endfor %}',
    '{% assign t = "xxxxxxxx" %}{% for i in (1..40) %}{% assign t = t | append: t %}{% endfor %}{{ t }}',
    '{{ vars.serials[9] }}',
    '{% for i in (1..600) %}{% for j in (1..500) %}x{% endfor %}{% endfor %}',
  ])('stops %s', (text) => {
    expect(parsed(text).render(scope, createRenderBudget()).ok).toBe(false);
  });

  test('stops a template whose earlier texts took all the time', () => {
    const result = parsed('{{ vars.name }}').render(scope, createRenderBudget(-1));
    expect(result).toMatchObject({ ok: false, error: { message: expect.stringContaining('longer than 3 s') } });
  });
});

describe('holeProblems', () => {
  const text = 'a: @{boot.mac}\nb: @@{x} @{secret.token}\nc: @{boot.mac\n';
  const insides = (rules: Parameters<typeof holeProblems>[1]) => holeProblems(text, rules).map(({ inside }) => inside);

  test('finds what nobody fills, with its place', () => {
    const places = [
      { row: 2, column: 10 },
      { row: 3, column: 4 },
    ];
    expect(insides({ secrets: [], mayHoldSecrets: true })).toEqual(places);
    expect(insides({ secrets: ['token'], mayHoldSecrets: false })).toEqual(places);
    expect(insides({ secrets: ['token'], mayHoldSecrets: true })).toEqual(places.slice(1));
  });
});
