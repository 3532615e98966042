/** What a request to a fake registry was for. `content` is the second origin, where redirected blobs lie. */
export type What = 'ping' | 'manifest' | 'blob' | 'tags' | 'referrers' | 'token' | 'content' | 'other';

/** Everything that can go wrong with one answer. Positions are counted in the whole blob, also where a part was asked for. */
export type Harm = {
  /** Milliseconds before anything is said. */
  readonly delayMs?: number;
  /** Accepts the request, and never says a word. */
  readonly silent?: true;
  /** Says this instead, with an error body of the spec. */
  readonly status?: number;
  /** Added to the answer, or put in place of what stands there. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Of this one answer; `lineBytesPerSecond` of the registry is what all share. */
  readonly bytesPerSecond?: number;
  /** Cuts the connection with a reset before the byte of this position. */
  readonly resetAt?: number;
  /** Ends the connection as if all were said, though Content-Length promised more. */
  readonly endAt?: number;
  /** A short 200 that looks whole: Content-Length says so few bytes, and so many come. */
  readonly shortTo?: number;
  /** Flips the byte at this position. */
  readonly wrongAt?: number;
  /** Says nothing more from this position on. */
  readonly silentAt?: number;
  /** Without Content-Length; the end of the connection is the end of the body. */
  readonly noLength?: true;
  readonly chunked?: true;
  /** Answers a Range with 200 and the whole. */
  readonly ignoresRange?: true;
  /** Content-Range says another position than the one sent, by so many bytes. */
  readonly rangeOff?: number;
};

/** One line of the script: which requests, and what becomes of them. Harms of several lines add up; later lines win. */
export type Fault = {
  readonly what?: What;
  readonly method?: 'GET' | 'HEAD';
  /** Must be part of the address: a digest, a tag, a repository. */
  readonly in?: string;
  readonly ranged?: boolean;
  /** So many matching requests pass unharmed first. */
  readonly after?: number;
  /** Then so many are harmed; all, if left out. */
  readonly times?: number;
  readonly does: Harm;
};

export type Asked = { readonly what: What; readonly method: string; readonly url: string; readonly ranged: boolean };

/** A script as it runs: it remembers how many requests each line has met. */
export function playFaults(script: readonly Fault[]): (asked: Asked) => Harm {
  const lines = script.map((fault) => ({ fault, met: 0 }));
  return (asked) => {
    let harm: Harm = {};
    for (const line of lines) {
      const { fault } = line;
      if (!isMeant(fault, asked)) continue;
      const { after = 0, times = Number.POSITIVE_INFINITY } = fault;
      if (line.met >= after && line.met < after + times) harm = { ...harm, ...fault.does };
      line.met += 1;
    }
    return harm;
  };
}

function isMeant(fault: Fault, asked: Asked): boolean {
  const pairs: readonly (readonly [unknown, unknown])[] = [
    [fault.what, asked.what],
    [fault.method, asked.method],
    [fault.ranged, asked.ranged],
  ];
  const fits = pairs.every(([wanted, is]) => wanted === undefined || wanted === is);
  return fits && (fault.in === undefined || asked.url.includes(fault.in));
}
