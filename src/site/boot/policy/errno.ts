/**
 * What iPXE's error numbers mean to a person. Bits 30-24 are a POSIX error, 23-13 the source file, 12-8 the cause,
 * 7-0 the platform's own code; so six hex digits name the place and two the kind of error. More at ipxe.org/err.
 */
const PLACES: Readonly<Record<string, string>> = {
  '2d0c61': 'the site has no such file (HTTP 404)',
  '410c61': 'the site refused the request (HTTP 403)',
  '020c61': 'the site asked for a password (HTTP 401)',
  '1d0c64': 'the site did not accept the request (HTTP 4xx)',
  '1d0c65': 'the site could not answer (HTTP 5xx)',
  '1d0c62': 'the answer of the site broke off',
  '4c0a60': 'the site did not answer (TCP timed out)',
  '0f0a60': 'the connection was cut (TCP reset)',
  '4c1260': 'the site did not answer (TFTP timed out)',
  '2d1260': 'the site has no such file (TFTP)',
  '040ee1': 'no DHCP server answered',
};

const KINDS: Readonly<Record<string, string>> = {
  '0b': 'somebody pressed Ctrl-C',
  '0f': 'the connection was cut',
  '1c': 'the loader does not understand the command',
  '1d': 'the transfer failed',
  '28': 'there is no way to the site from its address',
  '2d': 'it was not found',
  '2e': 'the file is not one that this firmware can start',
  '31': 'the machine has too little memory',
  '38': 'the network cable is not connected',
  '4c': 'it took too long',
  '7f': 'the firmware refused it',
};

/**
 * Eight lower-case hex digits for what `${errno}` prints (`0x2d0c618e`, or a decimal number), or undefined for nothing,
 * for zero and for anything else.
 */
export function parseErrno(text: string): string | undefined {
  const hex = /^(?:0x)?([0-9a-f]{8})$/i.exec(text)?.[1] ?? /^0x([0-9a-f]{1,7})$/i.exec(text)?.[1];
  const number = hex !== undefined ? Number.parseInt(hex, 16) : /^\d{1,10}$/.test(text) ? Number(text) : 0;
  return number > 0 && number < 2 ** 31 ? number.toString(16).padStart(8, '0') : undefined;
}

/** A sentence without a full stop, such as `4c0a6092: the site did not answer (TCP timed out)`. */
export function explainErrno(errno: string): string {
  const sentence = PLACES[errno.slice(0, 6)] ?? KINDS[errno.slice(0, 2)] ?? 'an error that ipxe.org/err explains';
  return `${errno}: ${sentence}`;
}
