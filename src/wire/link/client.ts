import type { MethodName, ReplyOf, RequestOf } from './methods.ts';

export type CallOptions = {
  /** The answer is waited for at most so long. */
  readonly deadlineMs: number;
};

/**
 * A site's way to head office: by gRPC, or by the HTTP/1.1 twin where a proxy breaks it. Calls of SiteLink are signed with the
 * site's key, and an answer counts only with head office's signature over this very request.
 * Rejects with a Refusal if head office said no, with an AppError (`hub-unreachable`, `hub-unproven`, `hub-untrusted`)
 * if nobody answered or the answer is not head office's.
 */
export interface LinkClient {
  call<M extends MethodName>(method: M, request: RequestOf<M>, options: CallOptions): Promise<ReplyOf<M>>;
  /** Hints that Sync has something new; the answer ends it. Never fails: without a doorbell the site polls. */
  onDoorbell(ring: () => void): () => void;
  close(): Promise<void>;
}
