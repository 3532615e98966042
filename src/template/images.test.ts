import { describe, expect, test } from 'vitest';
import { changed, problemsOf, revisionOf } from '../../test/support/sample-template.ts';

const HASH = 'a'.repeat(64);

/** SAMPLE with something below `spec`, before its slots. */
const spec = (text: string): string => changed('  unknownMachines:', `${text}\n  unknownMachines:`);
const images = (text: string): string => spec(`  secrets: { joinToken: {} }\n  images: ${text}`);

describe('images', () => {
  test('upstreams, wanted images and what holds for both', () => {
    const { images: found } = revisionOf(
      images(`{
    upstreams: {
      index.docker.io: { repositories: [library/*] },
      registry.example.com: { credentials: { user: pos, secret: joinToken }, url: "https://mirror.example.com/", default: true } },
    wanted: { app: { ref: "registry.example.com/pos/app:1.4", platforms: [linux/arm64/v8] }, base: { ref: "debian@sha256:${HASH}", referrers: false } },
    tagsFreshFor: 1h }`),
    );
    expect(found?.upstreams).toEqual([
      {
        ...{ name: 'docker.io', url: 'https://registry-1.docker.io', repositories: ['library/*'] },
        ...{ access: 'anyone', isDefault: false, tokenHosts: [] },
      },
      {
        ...{ name: 'registry.example.com', url: 'https://mirror.example.com', repositories: ['*'], tokenHosts: [] },
        ...{ access: 'known-machines', isDefault: true, credentials: { user: 'pos', secret: 'joinToken' } },
      },
    ]);
    expect(found?.wanted).toEqual([
      {
        ...{ name: 'app', referrers: true, platforms: [{ os: 'linux', architecture: 'arm64', variant: 'v8' }] },
        image: { upstream: 'registry.example.com', repository: 'pos/app', reference: { kind: 'tag', tag: '1.4' } },
      },
      {
        ...{ name: 'base', referrers: false, platforms: [{ os: 'linux', architecture: 'amd64' }] },
        image: { upstream: 'docker.io', repository: 'library/debian', reference: { kind: 'digest', digest: HASH } },
      },
    ]);
    expect(found?.tagsFreshSeconds).toBe(3_600);
  });

  test.each([
    ['no registry', '{ upstreams: { "a/b": {} } }', /spec\.images\.upstreams\.a\/b: expected the host of a registry/],
    ['a path', '{ upstreams: { r.example: { url: "https://r.example/v2" } } }', /registry without a path/],
    ['two names of one', '{ upstreams: { docker.io: {}, index.docker.io: {} } }', /two upstreams are docker\.io/],
    [
      'two defaults',
      '{ upstreams: { a.example: { default: true }, b.example: { default: true } } }',
      /both a\.example and b\.example are the default/,
    ],
    [
      'a secret that nobody declared',
      '{ upstreams: { r.example: { credentials: { user: a, secret: jointoken } } } }',
      /there is no secret "jointoken".*did you mean "joinToken"/i,
    ],
    ['a colon', '{ upstreams: { r.example: { credentials: { user: "a:b", secret: joinToken } } } }', /without a colon/],
    ['a pattern of nothing', '{ upstreams: { r.example: { repositories: ["/x"] } } }', /a repository such as pos\/app/],
    ['no certificate', '{ upstreams: { r.example: { ca: abc } } }', /certificates in PEM/],
    ['no image', '{ upstreams: { docker.io: {} }, wanted: { a: { ref: "A B" } } }', /an image such as/],
    ['an upstream that is not there', '{ wanted: { a: { ref: "quay.io/a:1" } } }', /there is no upstream "quay\.io"/],
    [
      'a platform',
      '{ upstreams: { docker.io: {} }, wanted: { a: { ref: a, platforms: [amd64] } } }',
      /a platform such/,
    ],
  ])('%s is wrong', (_, text, problem) => {
    expect(problemsOf(images(text))).toEqual([expect.stringMatching(problem)]);
  });

  test('a profile requires what is wanted, and is another install by that no more than before', () => {
    const wanted = 'images: { upstreams: { docker.io: {} }, wanted: { app: { ref: app } } }';
    const base = changed('  unknownMachines:', `  ${wanted}\n  unknownMachines:`);
    const requiring = (names: string): string =>
      base.replace('    base:\n', `    base:\n      requires: { images: [${names}] }\n`);
    const [plain, needy] = [revisionOf(base), revisionOf(requiring('app'))].map(
      ({ slots }) => slots['edge-1']?.profile,
    );
    expect(needy?.requiresImages).toEqual(['app']);
    expect(needy?.digest).toBe(plain?.digest);
    expect(problemsOf(requiring('ap'))).toEqual([expect.stringMatching(/no wanted image "ap".*app/)]);
  });
});

describe('the line to the outside, and the disk', () => {
  test('has a rate, windows by the clock of the store, and an allowance', () => {
    const { wan, maxDiskBytes } = revisionOf(
      spec(`  wan: { rate: 20Mbit, timeZone: Europe/Berlin, spread: 2h, monthly: 200GB,
    windows: { night: { days: [mon, sun], from: "22:00", to: "06:00", rate: 100Mbit }, day: { from: "08:00", to: "20:00", prefetch: false } } }
  disk: { maxBytes: 50GB }`),
    );
    expect(wan).toEqual({
      ...{ bytesPerSecond: 2_500_000, timeZone: 'Europe/Berlin', spreadSeconds: 7_200, monthlyBytes: 200e9 },
      windows: [
        { days: [1, 0], fromMinute: 1_320, toMinute: 360, prefetch: true, bytesPerSecond: 12_500_000 },
        { days: [0, 1, 2, 3, 4, 5, 6], fromMinute: 480, toMinute: 1_200, prefetch: false },
      ],
    });
    expect(maxDiskBytes).toBe(50e9);
  });

  test.each([
    ['wan: { rate: 20MB }', /a speed from 64kbit/],
    ['wan: { rate: 1kbit }', /a speed from 64kbit/],
    ['wan: { timeZone: Mars/Base }', /a time zone such as/],
    ['wan: { monthly: "200" }', /an amount such as 200GB/],
    ['wan: { windows: { a: { from: "24:00", to: "1:00" } } }', /a time of day/],
    ['disk: { maxBytes: all }', /an amount such as 200GB/],
  ])('%s is wrong', (text, problem) => {
    const problems = problemsOf(spec(`  ${text}`));
    expect(problems.length).toBeGreaterThan(0);
    for (const one of problems) expect(one).toMatch(problem);
  });
});
