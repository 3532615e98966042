/**
 * Every failure that a person may read, in one table. `family` says whose it is: `ours` is a bug and is logged with its
 * stack, `caller` is a request or a file that cannot be honoured, `weather` is disk, network or hardware.
 * `help` is one line for somebody without a laptop. `docs/use/errors.md` is made from this table.
 */
export const ERRORS = {
  internal: {
    family: 'ours',
    status: 500,
    meaning: 'Slipway did something it should never do.',
    help: 'Slipway goes on with everything else. Send the log lines around it to its developers.',
  },
  'usage-invalid': {
    family: 'caller',
    status: 400,
    meaning: 'The command or request is not one that Slipway knows.',
    help: 'Look at `slipway --help`, or at `--help` of the command.',
  },
  'config-invalid': {
    family: 'caller',
    status: 422,
    meaning: 'The site file cannot be used.',
    help: 'Correct the line that the message names, then start again.',
  },
  'template-invalid': {
    family: 'caller',
    status: 422,
    meaning: 'A template cannot be used.',
    help: 'Correct the lines that the message names; `slipway template lint FILE` checks them. A running site goes on with the template it has.',
  },
  'push-refused': {
    family: 'caller',
    status: 409,
    meaning: 'Head office does not take what was pushed, and keeps nothing of it.',
    help: 'The message says which site and what is wrong with it. Put it right and push again.',
  },
  'asset-unavailable': {
    family: 'weather',
    status: 503,
    meaning: 'A file that a profile needs could be had from none of its sources.',
    help: 'Check the WAN, or copy the file to the place that the template names. Slipway tries again by itself.',
  },
  'asset-wrong-digest': {
    family: 'weather',
    status: 502,
    meaning: 'A source delivered other bytes than the template promises.',
    help: 'Nothing of it is served. Correct the sha256 in the template, or the file at the source.',
  },
  'archive-invalid': {
    family: 'caller',
    status: 422,
    meaning: 'A file is no archive of images, or not one that this site takes.',
    help: 'Nothing that it names was changed. Make it again with `slipway images export`, or with `skopeo copy … oci-archive:FILE:REGISTRY/NAME:TAG`.',
  },
  'image-unknown': {
    family: 'weather',
    status: 404,
    meaning: 'A registry says that it does not have an image, or a part of one.',
    help: 'Check the name and the tag of the image in the template, and whether it was pushed there.',
  },
  'registry-refused': {
    family: 'weather',
    status: 502,
    meaning: 'A registry does not let this site pull an image.',
    help: 'Check `images.upstreams` of the template and the secret that it names: `slipway secret list`. What is already here is served all the same.',
  },
  'not-found': {
    family: 'caller',
    status: 404,
    meaning: 'There is nothing of that name here.',
    help: 'Check the name: `slipway nodes` lists slots and machines, `slipway secret list` secrets; at head office `slipway hub sites`, `revisions` and `publish show` list what there is.',
  },
  'range-unsatisfiable': {
    family: 'caller',
    status: 416,
    meaning: 'The bytes asked for lie outside the file.',
    help: 'Ask again without a Range header.',
  },
  'command-refused': {
    family: 'caller',
    status: 409,
    meaning: 'What was asked for would break a promise of the site.',
    help: 'The message says why, and what would have to be so.',
  },
  'pin-refused': {
    family: 'caller',
    status: 403,
    meaning: 'This needs the PIN of the site, and the one given is not it.',
    help: 'Ask whoever set the site up. After five wrong PINs wait ten minutes.',
  },
  'code-refused': {
    family: 'caller',
    status: 409,
    meaning: 'No machine shows this code now.',
    help: 'Read it from the screen of the machine again: it is another one each time it is switched on, and good for ten minutes.',
  },
  'foreign-request': {
    family: 'caller',
    status: 403,
    meaning: 'A browser asked on behalf of another page, or by a name that is none of this site.',
    help: 'Open the site by its own address, such as http://10.0.0.1/, and try it from there.',
  },
  'page-missing': {
    family: 'weather',
    status: 503,
    meaning: "The technician's page could not be made or read. Machines are served all the same.",
    help: 'Install the package again; in a checkout, `npm ci` brings what the page is made with.',
  },
  'terminal-only': {
    family: 'caller',
    status: 403,
    meaning: 'This is done at the terminal of the site, and never over the network.',
    help: 'Log in at the site and type the command there; `slipway --help` lists them.',
  },
  'secret-damaged': {
    family: 'weather',
    status: 503,
    meaning: 'A secret that is kept on the disk of the site, or the key of all of them, cannot be read.',
    help: 'Restore `secret.key` of the data directory from its copy, or set the secret again: `slipway secret set NAME`.',
  },
  'token-refused': {
    family: 'caller',
    status: 403,
    meaning: 'The token of this address was not made by this site, or its time is over.',
    help: 'Switch the node off and on; it gets a new one with its next boot.',
  },
  'admin-token-refused': {
    family: 'caller',
    status: 401,
    meaning: 'Head office answers only who has one of its tokens, and this is none, or none any more.',
    help: 'Make one at the hub with `slipway hub tokens new NAME --role ROLE`, and name its file with --token.',
  },
  'role-missing': {
    family: 'caller',
    status: 403,
    meaning: 'The token may not do this.',
    help: 'Use a token with the role that the message names; `slipway hub tokens` lists them.',
  },
  'too-many-tries': {
    family: 'caller',
    status: 429,
    meaning: 'Too many requests of this kind came at once.',
    help: 'Wait a minute, then try again.',
  },
  'hub-not-answering': {
    family: 'weather',
    status: 503,
    meaning: 'No head office answers at its control socket, or at the URL that was given.',
    help: 'Start it with `slipway hub --config FILE`, or name another one with --socket, or --hub URL and --token FILE.',
  },
  'document-pending': {
    family: 'weather',
    status: 503,
    meaning: 'The site cannot yet say what this node shall run.',
    help: 'The node asks again by itself.',
  },
  'body-too-large': {
    family: 'caller',
    status: 413,
    meaning: 'The request carries more than Slipway reads.',
    help: 'A node reports at most 64 KiB at a time.',
  },
  'site-not-ready': {
    family: 'weather',
    status: 503,
    meaning: 'The site has not finished starting, or its store does not answer.',
    help: 'Wait a minute. If it stays, look at `slipway doctor`.',
  },
  'site-unreachable': {
    family: 'weather',
    status: 503,
    meaning: 'No site answers at the control socket.',
    help: 'Start it with `slipway site --config FILE`, or name its socket with --socket.',
  },
  'port-in-use': {
    family: 'weather',
    status: 503,
    meaning: 'Another program already listens on a port that the site needs.',
    help: 'Stop that program (`ss -lnp` shows it: often dnsmasq, tftpd or another web server), or give Slipway another port.',
  },
  'interface-missing': {
    family: 'caller',
    status: 422,
    meaning: 'The machine has no network interface of the name in the site file.',
    help: 'Correct `interfaces` in the site file; `ip link` lists the names.',
  },
  'interface-without-address': {
    family: 'caller',
    status: 422,
    meaning: 'The interface has no IPv4 address in the network that the template gives it.',
    help: 'Give the interface its address, or correct the subnet in the template; `ip address` shows what it has.',
  },
  'interface-ambiguous': {
    family: 'caller',
    status: 422,
    meaning: 'Several interfaces are named, and nothing tells which of them a broadcast came from.',
    help: 'Start one site for each interface, or let systemd hand in the sockets (see docs/operate).',
  },
  'address-unavailable': {
    family: 'caller',
    status: 422,
    meaning: 'A socket was to be bound to an address that this machine does not have.',
    help: 'Check `ip address`, then the site file.',
  },
  'permission-denied': {
    family: 'caller',
    status: 403,
    meaning: 'The operating system does not let Slipway do what it needs to do.',
    help: 'Use the systemd units of this package, or start it as root.',
  },
  'socket-failed': {
    family: 'weather',
    status: 503,
    meaning: 'A network socket could not be opened.',
    help: 'The message has the reason that the operating system gave.',
  },
  'disk-full': {
    family: 'weather',
    status: 507,
    meaning: 'The disk of the site is full, or its reserve is used up.',
    help: 'Free some space on the disk of the data directory. Leases that run go on; none is given or renewed before.',
  },
  'disk-failed': {
    family: 'weather',
    status: 503,
    meaning: 'A read or write on the disk of the site failed.',
    help: 'The disk may be dying: look at `dmesg`, and replace the appliance if it stays.',
  },
  'store-damaged': {
    family: 'weather',
    status: 503,
    meaning: 'The database of the site is damaged.',
    help: 'It was kept as it is. Move it away to start empty, or restore a copy; nodes keep booting what they have.',
  },
  'store-newer': {
    family: 'caller',
    status: 503,
    meaning: 'The database was written by a newer Slipway.',
    help: 'Install that version again, or start with another data directory. Nothing was changed.',
  },
  'store-read-only': {
    family: 'weather',
    status: 503,
    meaning: 'The database of the site cannot be written.',
    help: 'Check the owner of the data directory, and whether the disk was mounted read-only after an error.',
  },
  'store-locked': {
    family: 'caller',
    status: 503,
    meaning: 'Another Slipway already uses this data directory.',
    help: 'Stop the other one first: two programs on one database would undo what the other has promised.',
  },
  'pool-exhausted': {
    family: 'weather',
    status: 503,
    meaning: 'Every address of the pool is leased, set aside or in use by somebody else.',
    help: 'Enlarge `pool` in the template, or shorten `lease.os`.',
  },
  'hub-unreachable': {
    family: 'weather',
    status: 503,
    meaning: 'Head office does not answer.',
    help: 'The store works without it, and nothing is lost. The message has the reason; check the WAN if it stays.',
  },
  'hub-untrusted': {
    family: 'weather',
    status: 502,
    meaning: 'What answers at the address of head office shows a certificate that is not its own.',
    help: 'Check `hub.url`. If a proxy opens TLS here, name its certificate in `hub.inspectionCa`.',
  },
  'hub-unproven': {
    family: 'weather',
    status: 502,
    meaning: 'An answer in the name of head office carries no signature of it for this very question.',
    help: 'It was not believed and changed nothing. If it stays, somebody on the way answers in its name: tell head office.',
  },
  'ca-damaged': {
    family: 'weather',
    status: 503,
    meaning: "Head office's own roots, which every site believes, are missing or cannot be read.",
    help: 'Nothing was changed. Restore the folder `ca` of the data directory from a backup: new roots would cut off every site.',
  },
  'identity-damaged': {
    family: 'weather',
    status: 503,
    meaning: 'What this site proves itself with at head office cannot be read.',
    help: 'Nothing was changed, and the store works. Restore the folder `link` of the data directory, or have a new code made at head office: `slipway join CODE`.',
  },
  'invite-refused': {
    family: 'caller',
    status: 409,
    meaning: 'The code that a site is to join with cannot be used.',
    help: 'The message says why. A new one is made at head office: `slipway hub invite SITE`.',
  },
  'tool-missing': {
    family: 'caller',
    status: 503,
    meaning: 'A program that this command needs is not installed.',
    help: 'Type the command that the message names.',
  },
  interrupted: {
    family: 'caller',
    status: 499,
    meaning: 'A person or a service manager ended the command before it was done.',
    help: 'Nothing of it is left running.',
  },
  'lab-failed': {
    family: 'weather',
    status: 500,
    meaning: 'The virtual machine did not come as far as it should.',
    help: 'The console and the logs of the run lie where the message says.',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorFamily = 'ours' | 'caller' | 'weather';

export type ErrorEntry = {
  readonly family: ErrorFamily;
  /** HTTP status of an answer that carries this error. */
  readonly status: number;
  readonly meaning: string;
  readonly help: string;
};

export type ErrorCode = keyof typeof ERRORS;

/** The one error class: a code of the registry, and in `message` what happened this time. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  get family(): ErrorFamily {
    return ERRORS[this.code].family;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get help(): string {
    return ERRORS[this.code].help;
  }

  /** Any thrown value as an AppError; what is not one already is a bug of ours, with the original as its cause. */
  static from(thrown: unknown): AppError {
    if (thrown instanceof AppError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new AppError('internal', message, { cause: thrown });
  }
}
