import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './command.ts';
import { candidateVersion, unknownToApt, unpackPackage } from './debian-archive.ts';

/** The keys of Debian, which the package debian-archive-keyring of each release also has for the next ones. */
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * Unpacks a package of another release of Debian into `dir`, which nothing installs: by apt with a state of its own, from
 * the mirror that this machine uses anyway, checked by Debian's keys.
 * @returns the version that the release has now; its files are below `tree`
 * @throws AppError `lab-failed` if the mirror does not have the release, or nothing answers
 */
export async function unpackFromSuite(suite: string, name: string, dir: string): Promise<string> {
  return inSuite({ suite }, dir, async (config) => {
    const version = await candidateVersion(name, config);
    await unpackPackage(`${name}=${version}`, dir, config);
    return version;
  });
}

/** Does something with another release of Debian, or another architecture of one: `config` are the arguments that lead apt there. */
export async function inSuite<T>(
  { suite, arch }: { readonly suite: string; readonly arch?: string },
  dir: string,
  work: (config: readonly string[]) => Promise<T>,
): Promise<T> {
  const place = join(dir, 'apt');
  const config = await writePlace(place, suite, await mirror(), arch);
  await run(['apt-get', '-q', ...config, 'update']);
  const result = await work(config);
  await rm(place, { recursive: true });
  return result;
}

/** Where this machine has its Debian from. Known once its index was read. */
async function mirror(): Promise<string> {
  const wanted = ['Created-By: Packages', 'Origin: Debian', 'Label: Debian'];
  const sites = await run(['apt-get', 'indextargets', '--format', '$(REPO_URI)', ...wanted]);
  const [first] = sites.split('\n');
  if (!first) throw unknownToApt('of any release of Debian');
  return first;
}

/** The arguments that lead apt to a place of its own; what else this machine says of mirrors and proxies stays. */
async function writePlace(place: string, suite: string, site: string, arch?: string): Promise<readonly string[]> {
  for (const folder of ['state/lists/partial', 'cache/archives/partial'])
    await mkdir(join(place, folder), { recursive: true });
  const sources = join(place, 'sources.list');
  await writeFile(sources, `deb [signed-by=${KEYRING}] ${site} ${suite} main\n`);
  const status = join(place, 'status');
  await writeFile(status, '');
  const settings = {
    'Dir::State': join(place, 'state'),
    'Dir::State::status': status,
    'Dir::Cache': join(place, 'cache'),
    'Dir::Etc::sourcelist': sources,
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    // apt carries on with an index that it could not renew, and says so in a warning.
    'APT::Update::Error-Mode': 'any',
  };
  // What this machine does after an update of its own index is not for this one.
  const hooks = ['APT::Update::Pre-Invoke', 'APT::Update::Post-Invoke', 'APT::Update::Post-Invoke-Success'];
  const lines = [
    ...(arch
      ? ['#clear APT::Architectures;', `APT::Architecture "${arch}";`, `APT::Architectures { "${arch}"; };`]
      : []),
    ...hooks.map((hook) => `#clear ${hook};`),
    ...Object.entries(settings).map(([key, value]) => `${key} ${JSON.stringify(value)};`),
  ];
  const file = join(place, 'apt.conf');
  await writeFile(file, `${lines.join('\n')}\n`);
  return ['-c', file];
}
