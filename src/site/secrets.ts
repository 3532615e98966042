import type { SecretStore } from '../adapters/node/secret-store.ts';
import { AppError } from '../kernel/errors.ts';
import type { Clock, Log } from '../kernel/ports.ts';
import type { Redactor } from '../kernel/redactor.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { secretsOf } from '../model/holes.ts';
import type { Revision } from '../model/revision.ts';
import type { SecretSource } from '../model/site-ports.ts';
import type { Store } from '../model/store.ts';
import type { SecretView } from '../wire/api/secrets.ts';
import { whyNoSecret } from './api/policy/secret-value.ts';
import type { SecretDesk } from './api/routes.ts';

export type SecretsDeps = {
  /** Where the site file says that secrets lie, by name. */
  readonly places: Readonly<Record<string, { readonly file: string }>>;
  /** Reads those. */
  readonly files: SecretSource;
  readonly store: SecretStore;
  /** Those that came sealed with the revision in force; they count where nothing else is given. */
  readonly sealed?: () => ReadonlyMap<string, string>;
  readonly events: Pick<Store, 'commit'>;
  readonly revision: () => Revision | undefined;
  readonly redactor: Redactor;
  readonly clock: Clock;
  readonly log: Log;
};

/** All secrets of a site: those of the site file, which count, those that were set here, and those that head office sent. */
export interface Secrets extends SecretSource, SecretDesk {
  /** Why a machine cannot be given all of these, as last seen; undefined if it can. */
  lack(names: readonly string[]): string | undefined;
  /** Those that the template in force wants and nobody gave. */
  missing(): readonly string[];
  /** The site file says where it lies, or it was set here. */
  isGivenHere(name: string): boolean;
  /** Reads all anew: others came sealed. */
  readAll(): Promise<void>;
}

/** Reads each secret once, so that the log knows what to hide, and says at once what cannot be read. */
export async function openSecrets(deps: SecretsDeps): Promise<Secrets> {
  const secrets = new SiteSecrets(deps);
  await secrets.readAll();
  return secrets;
}

class SiteSecrets implements Secrets {
  readonly #deps: SecretsDeps;
  /** Of each that is given: why it could not be read when it was last looked at. */
  readonly #seen = new Map<string, string | undefined>();

  /** Those that were set here. */
  readonly #given = new Set<string>();

  constructor(deps: SecretsDeps) {
    this.#deps = deps;
  }

  async readAll(): Promise<void> {
    const stored = await this.#deps.store.list();
    for (const { name } of stored) this.#given.add(name);
    const sealed = this.#sealed().keys();
    for (const name of new Set([
      ...this.#seen.keys(),
      ...Object.keys(this.#deps.places),
      ...stored.map((one) => one.name),
      ...sealed,
    ])) {
      const found = await this.#readOne(name);
      if (!found.ok && this.#seen.has(name)) this.#deps.log.warn({ name }, found.error);
    }
  }

  async read(names: readonly string[]): ReturnType<SecretSource['read']> {
    const values: [string, string][] = [];
    for (const name of names) {
      const found = await this.#readOne(name);
      if (!found.ok) return found;
      values.push([name, found.value]);
    }
    return ok(Object.fromEntries(values));
  }

  isGivenHere(name: string): boolean {
    return this.#given.has(name) || this.#placeOf(name) !== undefined;
  }

  lack(names: readonly string[]): string | undefined {
    const name = names.find((one) => !this.#seen.has(one) || this.#seen.get(one) !== undefined);
    return name === undefined ? undefined : (this.#seen.get(name) ?? notSet(name));
  }

  missing(): readonly string[] {
    return [...this.#wanted().keys()].filter((name) => !this.#seen.has(name));
  }

  async list(): Promise<readonly SecretView[]> {
    const { places, store } = this.#deps;
    const wanted = this.#wanted();
    const stored = new Map((await store.list()).map(({ name, setAt }) => [name, setAt]));
    const sealed = this.#sealed();
    const names = [...new Set([...Object.keys(places), ...stored.keys(), ...sealed.keys(), ...wanted.keys()])].sort();
    return Promise.all(
      names.map((name) => this.#view(name, { setAt: stored.get(name), wantedBy: wanted.get(name) ?? [] })),
    );
  }

  async #view(
    name: string,
    { setAt, wantedBy }: { readonly setAt: number | undefined; readonly wantedBy: readonly string[] },
  ): Promise<SecretView> {
    const place = this.#placeOf(name);
    if (place === undefined && setAt === undefined)
      return { name, from: this.#sealed().has(name) ? 'head-office' : 'nowhere', wantedBy };
    const found = await this.#readOne(name);
    const problem = found.ok ? {} : { problem: found.error };
    if (place !== undefined) return { name, from: 'file', file: place, ...problem, wantedBy };
    return { name, from: 'store', ...(setAt === undefined ? {} : { setAt }), ...problem, wantedBy };
  }

  async set(name: string, text: string): Promise<string> {
    const { store, redactor } = this.#deps;
    // Before anything can fail and say something.
    redactor.learn(text);
    const value = text.replace(/\r?\n$/, '');
    redactor.learn(value);
    this.#refuseOfFile(name, 'set');
    const because = whyNoSecret(name, value);
    if (because !== undefined) throw new AppError('usage-invalid', because);
    await store.write(name, value);
    this.#given.add(name);
    this.#seen.set(name, undefined);
    await this.#tell('secret-set', name, `Secret ${name} was set at the terminal of the site`);
    return `Secret ${name} is set, encrypted on the disk of the site.`;
  }

  async remove(name: string): Promise<string> {
    this.#refuseOfFile(name, 'removed');
    if (!(await this.#deps.store.remove(name)))
      throw new AppError('not-found', `no secret ${JSON.stringify(name)} is set`);
    this.#given.delete(name);
    await this.#readOne(name);
    await this.#tell('secret-removed', name, `Secret ${name} was removed at the terminal of the site`);
    const slots = this.#wanted().get(name) ?? [];
    const isNeeded = slots.length > 0 && !this.#seen.has(name);
    return `Secret ${name} is removed.${isNeeded ? ` ${slots.join(', ')} cannot boot without it.` : ''}`;
  }

  async #readOne(name: string): Promise<Result<string, string>> {
    const found = await this.#look(name);
    if (found) this.#seen.set(name, found.ok ? undefined : found.error);
    else this.#seen.delete(name);
    return found ?? err(notSet(name));
  }

  async #look(name: string): Promise<Result<string, string> | undefined> {
    const { files, store, redactor } = this.#deps;
    if (this.#placeOf(name) === undefined) {
      const stored = await store.read(name);
      const sealed = stored ? undefined : this.#sealed().get(name);
      const found = sealed === undefined ? stored : ok(sealed);
      if (found?.ok) redactor.learn(found.value);
      return found;
    }
    const inFile = await files.read([name]);
    return inFile.ok ? ok(inFile.value[name] ?? '') : inFile;
  }

  #sealed(): ReadonlyMap<string, string> {
    return this.#deps.sealed?.() ?? new Map();
  }

  #placeOf(name: string): string | undefined {
    const { places } = this.#deps;
    return Object.hasOwn(places, name) ? places[name]?.file : undefined;
  }

  #refuseOfFile(name: string, done: string): void {
    const place = this.#placeOf(name);
    if (place === undefined) return;
    const because = `secret "${name}" lies in ${place}, as the site file says, and is not ${done} here: take it out of there first`;
    throw new AppError('command-refused', because);
  }

  /** Which slots want which secrets. */
  #wanted(): ReadonlyMap<string, readonly string[]> {
    const wanted = new Map<string, string[]>();
    for (const slot of Object.values(this.#deps.revision()?.slots ?? {}))
      for (const name of secretsOf(slot.profile.documents)) wanted.set(name, [...(wanted.get(name) ?? []), slot.name]);
    return wanted;
  }

  async #tell(type: 'secret-set' | 'secret-removed', name: string, sentence: string): Promise<void> {
    const { events, clock } = this.#deps;
    await events.commit([], [{ type, at: clock.now(), sentence, data: { name } }]);
  }
}

function notSet(name: string): string {
  return `secret ${name} is not set: slipway secret set ${name}`;
}
