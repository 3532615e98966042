import type { Step } from './step.ts';

/** `npm run check`: format, lint, types, law, generated files, and the unit tests. */
export const CHECK_STEPS: readonly (readonly Step[])[] = [
  [
    { name: 'format and lint', command: ['biome', 'ci', '--colors=off', '--error-on-warnings', '.'] },
    { name: 'types', command: ['tsc', '-p', 'tsconfig.json'] },
  ],
  [
    { name: 'types of the pure folders', command: ['tsc', '-p', 'tsconfig.pure.json'] },
    { name: 'types of the page', command: ['tsc', '-p', 'src/web/tsconfig.json'] },
    { name: 'import law', command: ['depcruise', 'src', '--config', '.dependency-cruiser.cjs'] },
    { name: 'every file loads on Node', command: ['node', 'test/law/import-all.ts'] },
    { name: 'the link is understood by what was released', command: ['node', 'test/law/link-proto.ts'] },
    { name: 'generated files are current', command: ['node', 'test/generate.ts', '--check'] },
  ],
  [
    {
      name: 'unit tests',
      command: [
        'vitest',
        'run',
        '--project',
        'unit',
        '--reporter=dot',
        '--reporter=json',
        '--outputFile.json=test-results/unit.json',
      ],
      jsonReport: 'test-results/unit.json',
    },
  ],
];
