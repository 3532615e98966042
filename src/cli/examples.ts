import type { Command } from 'commander';

/** What people type, for `--help` of the commands of head office: words of the command, then its arguments. */
export const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  hub: ['--config /etc/slipway/hub.yaml'],
  'hub backup': ['/mnt/backup/head-office.backup'],
  'hub restore': ['/mnt/backup/head-office.backup --config /etc/slipway/hub.yaml'],
  'hub audit': ['--limit 200', '--verify'],
  'hub alarms': ['', '--site store-0417'],
  'hub sites': ['--labels region=eu --behind', '--state silent', '--without p17'],
  'hub site': ['store-0417', 'store-0417 --slot pos-1'],
  'hub enrolments': ['--since 24h', '--site store-0417 --json'],
  'hub revisions': ['', 'store-0417'],
  'hub publish': [
    '',
    'p17 --canary canary=yes --soak 2h --follow',
    'p17 --canary store-0417,store-0418 --halt-after 2',
    '--sites region=eu,tier=small',
  ],
  'hub publish show': ['r17 --follow'],
  'hub publish pause': ['r17 --because "the WAN of the south is down"'],
  'hub publish rollback': ['r17 --because "tills print twice"'],
  'hub tokens new': ['ada --role operate --expires 90d'],
  'hub invite': ['store-0417', 'store-0417 --expires 12h'],
  'hub invites withdraw': ['7K3Q'],
  'hub certificates revoke': ['store-0417 --because "the box was stolen"'],
  'hub certificates approve': ['store-0417'],
  'images pull': ['app', 'registry.example.com/pos/app:1.4 --background'],
  'images pin': ['registry.example.com/tools/debug:3', 'docker.io/library/debian:12'],
  'images verify': ['', '--background'],
  'images unpin': ['registry.example.com/tools/debug:3'],
  join: ['7K3Q-9FHM-2XBT-V4RD-0WNA-8PZE', '7k3q 9fhm 2xbt v4rd 0wna 8pze'],
  freeze: ['--until 20:00 --because "trading until 20:00"', '--until 2h'],
  'template explain': ['store-0417 networks.nodes.dns --dir retail', 'store-0417 vars.tills'],
  'template plan': ['--dir retail', '--dir retail --sites region=eu,tier=small --json'],
  'template push': [
    '--dir retail --key release.pem --comment "new till image"',
    '--dir retail --key release.pem --sites store-0417 --secrets secrets.yaml',
  ],
  'template keys new': ['--key release.pem --set retail/release-keys.json --comment "Ada, central team"'],
  'template keys rotate': ['--key release.pem --new release-2.pem --comment "Bob, central team"'],
};

/** Adds the examples to the help of each command that has some. */
export function addExamples(program: Command): void {
  for (const [words, examples] of Object.entries(EXAMPLES)) {
    const lines = examples.map((rest) => `  ${`slipway ${words} ${rest}`.trim()}\n`);
    commandOf(program, words)?.addHelpText('after', `\nSuch as:\n${lines.join('')}`);
  }
}

/** The command of these words, such as `hub publish show`. */
export function commandOf(program: Command, words: string): Command | undefined {
  return words
    .split(' ')
    .reduce<Command | undefined>((at, word) => at?.commands.find((one) => one.name() === word), program);
}
