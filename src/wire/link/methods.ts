import { BootstrapDefinition, SiteLinkDefinition } from './gen/link.ts';

/** Turns a message into bytes and back; what `gen/` has for each message. */
export type Codec<M> = {
  encode(message: M): { finish(): Uint8Array };
  /** @throws Error if these are not the bytes of such a message */
  decode(bytes: Uint8Array): M;
};

type Unary<D> = {
  [K in keyof D]: D[K] extends { readonly responseStream: false } ? K : never;
}[keyof D];
type Bootstrap = (typeof BootstrapDefinition)['methods'];
type SiteLink = (typeof SiteLinkDefinition)['methods'];
type Methods = Pick<Bootstrap, Unary<Bootstrap>> & Pick<SiteLink, Unary<SiteLink>>;

/** The calls with one question and one answer, by their names in the proto file with a small first letter. */
export type MethodName = keyof Methods & string;
export type BootstrapMethod = Unary<Bootstrap> & string;
export type SiteLinkMethod = Unary<SiteLink> & string;
export type RequestOf<M extends MethodName> = Methods[M]['requestType'] extends Codec<infer T> ? T : never;
export type ReplyOf<M extends MethodName> = Methods[M]['responseType'] extends Codec<infer T> ? T : never;

export type Method<M extends MethodName = MethodName> = {
  /** Such as `/slipway.link.v1.SiteLink/Hello`: the path of gRPC and of the HTTP/1.1 twin. */
  readonly path: string;
  readonly service: 'bootstrap' | 'site-link';
  readonly request: Codec<RequestOf<M>>;
  readonly reply: Codec<ReplyOf<M>>;
};

/** All unary calls. */
export const METHODS = {
  ...methodsOf(BootstrapDefinition, 'bootstrap'),
  ...methodsOf(SiteLinkDefinition, 'site-link'),
} as {
  readonly [M in MethodName]: Method<M>;
};
export const METHOD_NAMES = Object.keys(METHODS) as readonly MethodName[];
export const DOORBELL_PATH = `/${SiteLinkDefinition.fullName}/${SiteLinkDefinition.methods.doorbell.name}`;

/** Of gRPC metadata and of the HTTP/1.1 twin alike; base64 of RequestProof or ReplyProof, and of ErrorDetail. */
export const PROOF_HEADER = 'slipway-proof';
export const ERROR_HEADER = 'slipway-error';
/** Of a body of the twin, question and answer. */
export const TWIN_CONTENT_TYPE = 'application/x-protobuf';
/** A body in either direction; above it a call is refused. The default of grpc-js, and enough: Fetch and Report are cut in pieces. */
export const MAX_BODY_BYTES = 4 * 1024 * 1024;

type Definition = {
  readonly fullName: string;
  readonly methods: Readonly<
    Record<string, { name: string; requestType: unknown; responseType: unknown; responseStream: boolean }>
  >;
};

function methodsOf({ fullName, methods }: Definition, service: Method['service']): Record<string, unknown> {
  const unary = Object.entries(methods).filter(([, method]) => !method.responseStream);
  return Object.fromEntries(
    unary.map(([key, { name, requestType, responseType }]) => [
      key,
      { path: `/${fullName}/${name}`, service, request: requestType, reply: responseType },
    ]),
  );
}
