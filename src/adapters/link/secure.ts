import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { AppError } from '../../kernel/errors.ts';
import type { LinkIdentity } from '../../wire/link/ports.ts';
import { isFromRoot, isValidAt } from './proofs.ts';

/** Whom TLS may show. The signatures of the answers decide in the end; this keeps strangers from hearing anything. */
export type TlsTrust = {
  readonly host: string;
  /** DER; none: the site is not enrolled yet, and takes what comes, since the invite proves both sides. */
  readonly roots: readonly Uint8Array[];
  /** PEM of the root of a proxy that opens TLS. */
  readonly inspectionCa: string | undefined;
  readonly identity: LinkIdentity | undefined;
  /** undefined: the time is not known yet. */
  readonly nowMs: number | undefined;
};

const HANDSHAKE_MS = 10_000;

/** What OpenSSL finds by the machine's clock, which is not the one that counts here. */
const DATES = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);

/** Speaks TLS over a connection. Rejects with the error of the socket, or AppError `hub-untrusted`. */
export function secure(socket: Socket, trust: TlsTrust, protocols: readonly string[]): Promise<TLSSocket> {
  const ca = [...trust.roots.map(pem), ...(trust.inspectionCa === undefined ? [] : [trust.inspectionCa])];
  return new Promise((resolve, reject) => {
    const tls = connect({
      socket,
      host: trust.host,
      ...(isIP(trust.host) === 0 ? { servername: trust.host } : {}),
      ALPNProtocols: [...protocols],
      minVersion: 'TLSv1.2',
      rejectUnauthorized: false,
      ...(ca.length > 0 ? { ca } : {}),
      ...(trust.identity ? { key: trust.identity.privateKey, cert: trust.identity.chain.map(pem).join('') } : {}),
    });
    tls.setTimeout(HANDSHAKE_MS, () =>
      tls.destroy(new AppError('hub-unreachable', `${trust.host} does not speak TLS`)),
    );
    tls.once('error', reject);
    tls.once('close', () => reject(Object.assign(new Error('the other side hung up'), { code: 'ECONNRESET' })));
    tls.once('secureConnect', () => {
      tls.setTimeout(0);
      const wrong = whatIsWrong(tls, trust);
      if (!wrong) return resolve(tls);
      tls.destroy();
      reject(new AppError('hub-untrusted', wrong));
    });
  });
}

function whatIsWrong(tls: TLSSocket, trust: TlsTrust): string | undefined {
  if (trust.roots.length === 0 || tls.authorized) return undefined;
  const certificate = tls.getPeerX509Certificate();
  if (!certificate) return `${trust.host} shows no certificate`;
  const because = codeOf(tls.authorizationError);
  if (DATES.has(because)) return wrongDates(certificate, trust);
  if (because === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `the certificate of ${trust.host} is for ${certificate.subjectAltName ?? 'no name'}, which is another`;
  const issuer = certificate.issuer.replaceAll('\n', ', ');
  return `the certificate of ${trust.host} is somebody else's: issued by ${issuer}, not by head office (${because})`;
}

/** By the time that counts. A root of head office stands right above its server's certificate. */
function wrongDates(certificate: X509Certificate, { host, roots, inspectionCa, nowMs }: TlsTrust): string | undefined {
  const inspector = inspectionCa === undefined ? [] : [new X509Certificate(inspectionCa).raw];
  if (!isFromRoot(certificate, [...roots, ...inspector])) return `the certificate of ${host} is somebody else's`;
  const isOfHost = isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host);
  if (isOfHost === undefined) return `the certificate of ${host} is for ${certificate.subjectAltName ?? 'no name'}`;
  if (nowMs === undefined || isValidAt(certificate, nowMs)) return undefined;
  const now = new Date(nowMs).toISOString();
  return `the certificate of ${host} is good from ${certificate.validFrom} to ${certificate.validTo}, and here it is ${now}`;
}

/** Node's types say Error; it is the code as text, or an error that has one. */
function codeOf(error: unknown): string {
  if (typeof error === 'string') return error;
  return error instanceof Error ? String((error as NodeJS.ErrnoException).code ?? error.message) : 'not trusted';
}

function pem(der: Uint8Array): string {
  return new X509Certificate(der).toString();
}
