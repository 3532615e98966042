import { readFileSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { CHECK_STEPS } from './check-steps.ts';
import { prepareMachine } from './prepare.ts';
import { runStep, type Step, type StepReport } from './step.ts';

/** A tier: what must be installed first, the steps, and how long they may take together (setting up is not counted). */
type Tier = {
  readonly budgetSeconds: number;
  readonly packages: 'none' | 'wire' | 'lab';
  /** Steps of one group run side by side; the groups run one after the other. */
  readonly groups: readonly (readonly Step[])[];
};

/** The property tests again, with a seed that nobody has seen and many more runs. */
const LONG_PROPERTIES: Step = {
  name: 'property tests with fresh seeds',
  command: ['node', 'test/tiers/long-properties.ts'],
  jsonReport: 'test-results/properties.json',
  streams: true,
};

export const TIERS = {
  check: { budgetSeconds: 90, packages: 'none', groups: CHECK_STEPS },
  wire: { budgetSeconds: 360, packages: 'wire', groups: [partsOf('wire', 'wire*', 3)] },
  lab: { budgetSeconds: 1080, packages: 'lab', groups: [partsOf('lab', 'lab*', 2)] },
  matrix: { budgetSeconds: 4 * 3600, packages: 'lab', groups: [[LONG_PROPERTIES], [vitestIn('matrix', 'matrix*')]] },
} as const satisfies Record<string, Tier>;

export type TierName = keyof typeof TIERS;

export type TierReport = {
  readonly ok: boolean;
  readonly line: string;
  readonly passed: number;
  readonly failed: number;
};

/** The vitest projects of a pattern inside network namespaces of its own, which end with it whatever happens. */
function vitestIn(name: string, projects = name): Step {
  const jsonReport = `test-results/${name}.json`;
  return {
    name: `${name} tests`,
    command: ['node', 'test/tiers/isolated.ts', projects, jsonReport],
    jsonReport,
    streams: true,
  };
}

/**
 * The files of some projects in parts side by side, each in namespaces of its own: most tests of the wire wait for a clock or a
 * disk, a virtual machine has one processor, and what one part opens and kills the others cannot see.
 */
function partsOf(name: string, projects: string, count: number): readonly Step[] {
  return Array.from({ length: count }, (_, i) => {
    const shard = `${i + 1}/${count}`;
    const jsonReport = `test-results/${name}-${i + 1}.json`;
    return {
      name: `${name} tests, ${shard}`,
      command: ['node', 'test/tiers/isolated.ts', projects, jsonReport, shard],
      jsonReport,
      streams: true,
    };
  });
}

/** Runs one tier and says how it went in a line. */
export async function runTier(name: TierName): Promise<TierReport> {
  const tier: Tier = TIERS[name];
  await mkdir('test-results', { recursive: true });
  process.stdout.write(`\n== ${name} (budget ${tier.budgetSeconds} s)\n`);
  const prepared = await prepareMachine(tier.packages);
  if (!prepared.ok)
    return { ok: prepared.mayskip, line: `${name}: ${prepared.line}`, passed: 0, failed: prepared.mayskip ? 0 : 1 };
  const startedAt = performance.now();
  const reports: StepReport[] = [];
  for (const group of tier.groups) {
    for (const step of group) if (step.jsonReport) rmSync(step.jsonReport, { force: true });
    reports.push(...(await Promise.all(group.map(runStep))));
    if (reports.some((report) => !report.ok)) break;
  }
  return summary(name, tier, reports, (performance.now() - startedAt) / 1000);
}

function summary(name: string, tier: Tier, reports: readonly StepReport[], seconds: number): TierReport {
  const broken = reports.filter((report) => !report.ok).map((report) => report.step.name);
  const late = seconds > tier.budgetSeconds;
  const verdict = broken.length > 0 ? `FAILED in ${broken.join(', ')}` : late ? 'OVER BUDGET' : 'ok';
  const counts = reports.map(countTests);
  return {
    ok: broken.length === 0 && !late,
    line: `${name}: ${verdict}, ${seconds.toFixed(1)} s of ${tier.budgetSeconds} s`,
    passed: counts.reduce((sum, count) => sum + count.passed, 0),
    failed: Math.max(
      counts.reduce((sum, count) => sum + count.failed, 0),
      broken.length + (late ? 1 : 0),
    ),
  };
}

/** A step with a vitest report counts its tests, any other step counts as one. No report where one was due is a failure. */
function countTests(report: StepReport): { passed: number; failed: number } {
  if (!report.step.jsonReport) return report.ok ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  try {
    const json = JSON.parse(readFileSync(report.step.jsonReport, 'utf8')) as {
      numPassedTests: number;
      numFailedTests: number;
    };
    return { passed: json.numPassedTests, failed: json.numFailedTests };
  } catch {
    return { passed: 0, failed: 1 };
  }
}
