import { type Server, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthDefinition,
  HealthCheckResponse_ServingStatus as Serving,
} from '../../wire/health/gen/health.ts';

type Check = ServerUnaryCall<HealthCheckRequest, HealthCheckResponse>;

/** `grpc.health.v1`: SERVING while what is acknowledged can be written. Of a single service nothing is known. */
export function addHealthService(server: Server, isReady: () => Promise<boolean>): void {
  server.register(
    `/${HealthDefinition.fullName}/${HealthDefinition.methods.check.name}`,
    (call: Check, done: sendUnaryData<HealthCheckResponse>) => {
      if (call.request.service !== '')
        return done({ code: status.NOT_FOUND, details: 'ask for the whole server: service ""' });
      const tell = (isServing: boolean) => done(null, { status: isServing ? Serving.SERVING : Serving.NOT_SERVING });
      isReady().then(tell, () => tell(false));
    },
    (reply) => Buffer.from(HealthCheckResponse.encode(reply).finish()),
    (bytes) => HealthCheckRequest.decode(bytes),
    'unary',
  );
}
