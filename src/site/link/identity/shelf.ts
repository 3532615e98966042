import { AppError } from '../../../kernel/errors.ts';
import { err, ok, type Result } from '../../../kernel/result.ts';
import type { PrivateFiles } from '../../../model/fleet/private-files.ts';
import type { CertificateFacts, X509 } from '../../../model/fleet/x509.ts';
import {
  DAMAGED_FILE,
  formatKept,
  IDENTITY_FILE,
  JOINING_FILE,
  type KeptIdentity,
  type KeptJoining,
  parseIdentity,
  parseJoining,
  toBytes,
} from './kept.ts';

/** An identity as it is used: what is on the disk, and what its certificate says. */
export type OwnIdentity = KeptIdentity & { readonly facts: CertificateFacts };

/** Where the identity of this site lies on the disk. What it answers is what is there; every change is on disk when it resolves. */
export interface IdentityShelf {
  /** undefined: there is none. A sentence: there is one, and it cannot be used. */
  identity(): Result<OwnIdentity, string> | undefined;
  /** undefined: no code waits. */
  joining(): Result<KeptJoining, string> | undefined;
  keepJoining(joining: KeptJoining): Promise<void>;
  /** Replaces the identity, and forgets the code that it came with. Rejects with `identity-damaged` if it would be none. */
  keepIdentity(next: KeptIdentity): Promise<void>;
}

/** Reads what is there. Rejects with an AppError only if the disk cannot be read: a file that is damaged is an answer. */
export async function openShelf(files: PrivateFiles, x509: X509): Promise<IdentityShelf> {
  const identityText = await files.read(IDENTITY_FILE);
  let identity = identityText === undefined ? undefined : readIdentity(identityText, x509);
  const joiningText = await files.read(JOINING_FILE);
  let joining = joiningText === undefined ? undefined : parseJoining(joiningText);

  // The power went between the new identity and the end of its code.
  if (identity?.ok && joining?.ok && joining.value.key === identity.value.key) await forgetJoining();

  async function forgetJoining(): Promise<void> {
    await files.remove(JOINING_FILE);
    joining = undefined;
  }

  return {
    identity: () => identity,
    joining: () => joining,
    keepJoining: async (next) => {
      await files.write(JOINING_FILE, formatKept(next));
      joining = ok(next);
    },
    keepIdentity: async (next) => {
      const text = formatKept(next);
      const checked = readIdentity(text, x509);
      if (!checked.ok) throw new AppError('identity-damaged', `what head office gave cannot be used: ${checked.error}`);
      if (identity && !identity.ok) await files.rename(IDENTITY_FILE, DAMAGED_FILE);
      await files.write(IDENTITY_FILE, text);
      identity = checked;
      if (joining?.ok && joining.value.key === next.key) await forgetJoining();
    },
  };
}

/** Key, certificate and roots fit each other, whatever the time is. */
function readIdentity(text: string, x509: X509): Result<OwnIdentity, string> {
  const kept = parseIdentity(text);
  if (!kept.ok) return kept;
  const { chain, roots, key, site } = kept.value;
  const found = x509.verify(chain.map(toBytes), roots.map(toBytes), undefined);
  if (!found.ok) return err(`${IDENTITY_FILE}: ${found.error.because}`);
  if (found.value.site !== site) return err(`${IDENTITY_FILE}: the certificate is not one of site ${site}`);
  if (!isOwnKey(key, found.value, x509)) return err(`${IDENTITY_FILE}: the key is not that of the certificate`);
  return ok({ ...kept.value, facts: found.value });
}

function isOwnKey(key: string, { keyDigest }: CertificateFacts, x509: X509): boolean {
  try {
    return x509.publicKeyOf(key).keyDigest === keyDigest;
  } catch {
    return false;
  }
}
