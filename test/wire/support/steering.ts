import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256OfText } from '../../../src/adapters/node/hash.ts';
import { createSealingKeys } from '../../../src/adapters/node/sealing.ts';
import { run } from '../../../src/lab/command.ts';
import type { Revision } from '../../../src/model/revision.ts';
import { compileJob } from '../../../src/site/compile-site.ts';
import { formatKept, IDENTITY_FILE, toText } from '../../../src/site/link/identity/kept.ts';
import type { Applied, ApplyState } from '../../../src/site/link/policy/apply.ts';
import { makePki } from '../../support/link-hub.ts';
import { bundleOf, testKey } from '../../support/sample-bundle.ts';

/** Whether sites of these tests are steered by a head office that is gone, or make their own revisions. */
export const IS_STEERED = process.env['SLIPWAY_TEST_STEERED'] === '1';

const HOLE = 'wan-hole';
/** Of a network for documentation: whatever is sent there vanishes, and nobody says so. */
const NOWHERE = '192.0.2.1';
const TRIAL = '400ms';
export const HUB_LINE = `hub: { url: "https://${NOWHERE}:8443", trial: ${TRIAL} }`;
export const NO_DELAY = ['--fault', 'link-delay=0'] as const;

/**
 * What a steered site has on its disk when its head office goes: who it is, and the newest revision, as the template in the
 * work folder has it. That one was fetched and proved, and is still to be tried.
 */
export class Steering {
  readonly #site: string;
  readonly #template: string;
  readonly #dataDir: string;
  readonly #releaseKey = testKey('Ada');
  #identity = '';
  #number = 0;
  #newest: Revision | undefined;

  constructor({ site, template, dataDir }: { site: string; template: string; dataDir: string }) {
    this.#site = site;
    this.#template = template;
    this.#dataDir = dataDir;
  }

  /** It has joined, and then what it sends to head office vanishes. */
  async open(): Promise<void> {
    if (!(await isThere())) await digHole();
    const pki = await makePki();
    const { chain, privateKey } = await pki.site(this.#site);
    this.#identity = formatKept({
      ...{ format: 'slipway-identity/v1', site: this.#site, hub: 'gone', invite: 'none', keySets: [] },
      ...{ key: privateKey, sealing: createSealingKeys(), chain: chain.map(toText), roots: [toText(pki.root)] },
    });
  }

  /** Puts there what is missing; true: the site has a revision to try. */
  prepare(): boolean {
    const link = join(this.#dataDir, 'link');
    mkdirSync(join(link, 'down'), { recursive: true, mode: 0o700 });
    if (!existsSync(join(link, IDENTITY_FILE)))
      writeFileSync(join(link, IDENTITY_FILE), this.#identity, { mode: 0o600 });
    const revision = this.#compile();
    if (this.#newest?.digest !== revision.digest) this.#number += 1;
    this.#newest = revision;
    const before = readApplied(this.#dataDir);
    if (before.confirmed?.content === revision.digest) return false;
    arrive(this.#dataDir, { number: this.#number, site: this.#site, revision, key: this.#releaseKey });
    return true;
  }

  #compile(): Revision {
    const job = { template: this.#template, site: this.#site, vars: {}, varPlaces: new Map() };
    const { outcome } = compileJob({ ...job, number: this.#number });
    if (!outcome.ok) throw new Error(outcome.error.join('\n'));
    return outcome.value;
  }
}

/** One for all files of a run: they share a network. */
function isThere(): Promise<boolean> {
  return run(['ip', 'link', 'show', HOLE]).then(
    () => true,
    () => false,
  );
}

async function digHole(): Promise<void> {
  await run(['ip', 'link', 'add', HOLE, 'type', 'bridge']);
  await run(['ip', 'link', 'set', HOLE, 'up']);
  await run(['ip', 'route', 'add', `${NOWHERE}/32`, 'dev', HOLE]);
  // Or the kernel would ask for it, and say that nobody is there.
  await run(['ip', 'neighbour', 'add', NOWHERE, 'lladdr', '02:00:00:00:00:01', 'nud', 'permanent', 'dev', HOLE]);
}

type Arriving = {
  readonly number: number;
  readonly site: string;
  readonly revision: Revision;
  readonly key: ReturnType<typeof testKey>;
};

/** The revision lies in a data directory as head office would have sent it: fetched and proved, and the power went then. */
export function arrive(dataDir: string, { number, site, revision, key }: Arriving): void {
  const { text } = bundleOf(key, { number, site, revision, secrets: {} });
  const bundle = sha256OfText(text);
  const dir = join(dataDir, 'link/down');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, bundle), text);
  const applied: Applied = {
    ...{ bad: [], ...readApplied(dataDir), highest: number, accepted: bundle },
    candidate: {
      ...{ number, bundle, sizeBytes: text.length, publication: `r${number}`, since: Date.now() },
      ...{ state: 'fetched' satisfies ApplyState, content: revision.digest },
    },
  };
  writeFileSync(join(dir, 'applied.json'), JSON.stringify({ format: 1, applied }));
}

/** What the site has written down of revisions from head office; nothing, if nothing was. */
export function readApplied(dataDir: string): Partial<Applied> {
  try {
    const text = readFileSync(join(dataDir, 'link/down/applied.json'), 'utf8');
    return (JSON.parse(text) as { readonly applied: Applied }).applied;
  } catch {
    return {};
  }
}
