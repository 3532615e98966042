import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { OTHER_MAC, POS_MAC, T0 } from '../../../../test/support/sample-site.ts';
import { BOOT_STAGES, type Boot, type BootId, type BootStage } from '../../../model/boot.ts';
import type { MachineId } from '../../../model/machine.ts';
import { advance, beginsAnew } from './advance.ts';
import { BOOT_INPUTS, type BootInput, findTransition, renderDiagram, TRANSITIONS } from './boot-machine.ts';

function bootAt(stage: BootStage): Boot {
  const reached = { seen: T0, [stage]: T0 + 1_000 };
  return { id: 'b1' as BootId, machine: 'm1' as MachineId, mac: POS_MAC, openedAt: T0, stage, reached };
}

/** A boot that stands still in `stage`. */
function stalledAt(stage: BootStage): Boot {
  const stall = { stage, row: 'x', since: T0 + 1_000, cause: 'it stopped', nextStep: 'Look at it' };
  return { ...bootAt(stage), stalls: [stall] };
}

/** Written by hand, not taken from the table: stage, input, stage afterwards, outcome. */
const expected: readonly (readonly [BootStage, BootInput, BootStage, string | undefined])[] = [
  ['seen', 'loader', 'loader', undefined],
  ['seen', 'script-live', 'script', undefined],
  ['seen', 'script-install', 'script', undefined],
  ['seen', 'script-hold', 'held', undefined],
  ['seen', 'script-local', 'seen', 'local'],
  ['seen', 'script-refuse', 'seen', 'refused'],
  ['seen', 'os-address', 'seen', 'local'],
  ['seen', 'asset-sent', 'kernel', undefined],
  ['seen', 'document', 'os', undefined],
  ['seen', 'user-data', 'configured', undefined],
  ['seen', 'attempt', 'installing', undefined],
  ['seen', 'power-on', 'seen', 'superseded'],
  ['seen', 'gave-up', 'seen', 'stalled'],
  ['loader', 'script-live', 'script', undefined],
  ['loader', 'script-install', 'script', undefined],
  ['loader', 'script-hold', 'held', undefined],
  ['loader', 'script-local', 'loader', 'local'],
  ['loader', 'script-refuse', 'loader', 'refused'],
  ['loader', 'os-address', 'loader', 'local'],
  ['loader', 'asset-sent', 'kernel', undefined],
  ['loader', 'document', 'os', undefined],
  ['loader', 'user-data', 'configured', undefined],
  ['loader', 'attempt', 'installing', undefined],
  ['loader', 'power-on', 'loader', 'superseded'],
  ['loader', 'gave-up', 'loader', 'stalled'],
  ['held', 'script-live', 'script', undefined],
  ['held', 'script-install', 'script', undefined],
  ['held', 'script-local', 'held', 'local'],
  ['held', 'script-refuse', 'held', 'refused'],
  ['held', 'os-address', 'held', 'local'],
  ['held', 'power-on', 'held', 'held'],
  ['held', 'gave-up', 'held', 'stalled'],
  ['script', 'asset', 'kernel', undefined],
  ['script', 'asset-sent', 'kernel', undefined],
  ['script', 'script-local', 'script', 'local'],
  ['script', 'script-refuse', 'script', 'refused'],
  ['script', 'os-address', 'os', undefined],
  ['script', 'document', 'os', undefined],
  ['script', 'user-data', 'configured', undefined],
  ['script', 'report', 'configured', undefined],
  ['script', 'phone-home', 'done', 'live'],
  ['script', 'attempt', 'installing', undefined],
  ['script', 'installed', 'done', 'installed'],
  ['script', 'power-on', 'script', 'superseded'],
  ['script', 'gave-up', 'script', 'stalled'],
  ['kernel', 'script-local', 'kernel', 'local'],
  ['kernel', 'script-refuse', 'kernel', 'refused'],
  ['kernel', 'os-address', 'os', undefined],
  ['kernel', 'document', 'os', undefined],
  ['kernel', 'user-data', 'configured', undefined],
  ['kernel', 'report', 'configured', undefined],
  ['kernel', 'phone-home', 'done', 'live'],
  ['kernel', 'attempt', 'installing', undefined],
  ['kernel', 'installed', 'done', 'installed'],
  ['kernel', 'power-on', 'kernel', 'superseded'],
  ['kernel', 'gave-up', 'kernel', 'stalled'],
  ['os', 'user-data', 'configured', undefined],
  ['os', 'report', 'configured', undefined],
  ['os', 'phone-home', 'done', 'live'],
  ['os', 'attempt', 'installing', undefined],
  ['os', 'installed', 'done', 'installed'],
  ['os', 'power-on', 'os', 'superseded'],
  ['os', 'gave-up', 'os', 'stalled'],
  ['configured', 'phone-home', 'done', 'live'],
  ['configured', 'attempt', 'installing', undefined],
  ['configured', 'installed', 'done', 'installed'],
  ['configured', 'power-on', 'configured', 'superseded'],
  ['configured', 'gave-up', 'configured', 'stalled'],
  ['installing', 'installed', 'done', 'installed'],
  ['installing', 'power-on', 'installing', 'superseded'],
  ['installing', 'gave-up', 'installing', 'stalled'],
];

describe('the transitions of a boot', () => {
  it.each(expected)('%s, %s: %s %s', (from, on, to, outcome) => {
    const next = advance(on === 'gave-up' ? stalledAt(from) : bootAt(from), on, T0 + 9_000, 'a reason');
    expect([next.stage, next.outcome?.kind]).toEqual([to, outcome]);
    expect(next.closedAt).toBe(outcome ? T0 + 9_000 : undefined);
    expect(next.reached[to]).toBe(to === from ? bootAt(from).reached[to] : T0 + 9_000);
  });

  it('all are tested here', () => {
    expect(expected.map(([from, on]) => `${from} ${on}`).sort()).toEqual(
      TRANSITIONS.map(({ from, on }) => `${from} ${on}`).sort(),
    );
  });

  it('an unlisted pair keeps the boot as it is', () => {
    const inputs = Object.keys(BOOT_INPUTS) as BootInput[];
    const pairs = BOOT_STAGES.flatMap((stage) => inputs.map((input) => [stage, input] as const));
    const unlisted = pairs.filter(([stage, input]) => !findTransition(stage, input));
    expect(unlisted.length).toBe(BOOT_STAGES.length * inputs.length - TRANSITIONS.length);
    for (const [stage, input] of unlisted) {
      const boot = bootAt(stage);
      expect(advance(boot, input, T0 + 9_000)).toBe(boot);
    }
  });

  it('a boot with an outcome never changes again', () => {
    for (const { from, on } of TRANSITIONS) {
      const boot: Boot = { ...bootAt(from), outcome: { kind: 'superseded' } };
      expect(advance(boot, on, T0 + 9_000)).toBe(boot);
    }
  });

  it('giving up keeps what the stall said; without a stall there is nothing to give up', () => {
    expect(advance(stalledAt('loader'), 'gave-up', T0 + 9_000).outcome).toEqual({
      ...{ kind: 'stalled', stage: 'loader', since: T0 + 1_000, cause: 'it stopped', nextStep: 'Look at it' },
    });
    const boot = bootAt('loader');
    expect(advance(boot, 'gave-up', T0 + 9_000)).toBe(boot);
    const goesOn = advance(stalledAt('loader'), 'script-live', T0 + 9_000);
    expect(goesOn.stalls).toMatchObject([{ stage: 'loader', endedAt: T0 + 9_000 }]);
    expect(advance({ ...goesOn, stage: 'loader' }, 'gave-up', T0 + 9_500).outcome).toBeUndefined();
  });

  it('a reason goes only with the outcomes that have one', () => {
    expect(advance(bootAt('held'), 'script-local', T0, 'over').outcome).toEqual({ kind: 'local', because: 'over' });
    expect(advance(bootAt('seen'), 'script-refuse', T0, 'taken').outcome).toEqual({
      kind: 'refused',
      because: 'taken',
    });
    expect(advance(bootAt('os'), 'phone-home', T0, 'x').outcome).toEqual({ kind: 'live' });
  });

  it('are drawn in docs/boot-states.md', () => {
    const page = readFileSync(new URL('../../../../docs/boot-states.md', import.meta.url), 'utf8');
    expect(page).toContain(`\`\`\`mermaid\n${renderDiagram()}\`\`\`\n`);
    for (const [input, meaning] of Object.entries(BOOT_INPUTS)) expect(page).toContain(`| \`${input}\` | ${meaning} |`);
  });
});

describe('a firmware that is heard again', () => {
  it.each([
    ['seen', 8_000, false],
    ['loader', 30_000, false],
    ['loader', 11 * 60_000 + 1_000, true],
    ['held', 8_000, true],
    ['script', 8_000, true],
    ['configured', 8_000, true],
  ] as const)('at %s after %d ms begins anew: %s', (stage, after, anew) =>
    expect(beginsAnew(bootAt(stage), POS_MAC, T0 + after)).toBe(anew),
  );

  it('over another NIC begins anew', () => expect(beginsAnew(bootAt('seen'), OTHER_MAC, T0 + 1_000)).toBe(true));

  it('after the end begins anew', () => {
    expect(beginsAnew({ ...bootAt('done'), outcome: { kind: 'live' } }, POS_MAC, T0 + 2_000)).toBe(true);
  });
});
