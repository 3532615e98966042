/** What came back of a call, before anybody believes it. Header values as they stood there. */
export type RawAnswer = {
  readonly body: Uint8Array;
  readonly proof: string | undefined;
  /** Base64 of an ErrorDetail; set: the call was refused. */
  readonly refusal: string | undefined;
};
export type RawCall = {
  readonly path: string;
  readonly body: Uint8Array;
  readonly proof: string | undefined;
  readonly deadlineMs: number;
};

/** One way to carry bytes. Rejects with an AppError `hub-unreachable` or `hub-untrusted` if nothing like an answer came. */
export interface Transport {
  send(call: RawCall): Promise<RawAnswer>;
  close(): void;
}
