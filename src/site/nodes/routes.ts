import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../kernel/errors.ts';
import type { Clock, Log } from '../../kernel/ports.ts';
import type { SignalSink } from '../../model/signal.ts';
import type { TokenGrant, TokenMint } from '../../model/site-ports.ts';
import { parsePhoneHome, parseReport } from './policy/node-body.ts';

export type NodesDeps = {
  readonly tokens: TokenMint;
  readonly signals: SignalSink;
  readonly clock: Clock;
  readonly log: Log;
};

/** All public keys of a node are a few KiB; a report is a few hundred bytes. */
const BODY_LIMIT_BYTES = 64 * 1024;

/**
 * `POST /r/<token>/phone-home` and `/r/<token>/report`: what a node says of itself. 200 means that it is on disk; any
 * other status makes cloud-init say it again. A body that cannot be understood is no reason to refuse: that the node
 * speaks at all is the message.
 */
export function nodesRoutes(deps: NodesDeps): (app: FastifyInstance) => void {
  return (app) => {
    // cloud-init's webhook sends JSON with no Content-Type, or with that of a form.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'string', bodyLimit: BODY_LIMIT_BYTES }, (_request, body, done) => {
      done(null, body);
    });
    app.post('/r/:token/phone-home', { bodyLimit: BODY_LIMIT_BYTES }, (request, reply) =>
      hearPhoneHome(deps, request, reply),
    );
    app.post('/r/:token/report', { bodyLimit: BODY_LIMIT_BYTES }, (request, reply) => hearReport(deps, request, reply));
  };
}

async function hearPhoneHome(deps: NodesDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { mac, issuedAt } = grantOf(deps, request);
  const said = parsePhoneHome(bodyOf(request));
  await deps.signals.record({ kind: 'phone-home', at: deps.clock.now(), mac, issuedAt, ...said });
  deps.log.debug({ mac, ...said }, 'node phoned home');
  return reply.type('text/plain; charset=utf-8').send('ok\n');
}

async function hearReport(deps: NodesDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { mac, issuedAt } = grantOf(deps, request);
  const said = parseReport(bodyOf(request));
  await deps.signals.record({ kind: 'report', at: deps.clock.now(), mac, issuedAt, ...said });
  deps.log.debug({ mac }, 'node reported');
  return reply.type('text/plain; charset=utf-8').send('ok\n');
}

function grantOf({ tokens }: NodesDeps, request: FastifyRequest): TokenGrant {
  const { token = '' } = request.params as { token?: string };
  const grant = tokens.verify(token);
  if (grant?.use !== 'report') throw new AppError('token-refused', 'with the token of this address nobody may report');
  return grant;
}

function bodyOf(request: FastifyRequest): string {
  return typeof request.body === 'string' ? request.body : '';
}
