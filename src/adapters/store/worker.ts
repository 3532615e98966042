import { parentPort } from 'node:worker_threads';
import { AppError } from '../../kernel/errors.ts';
import { FaultGate } from './faults.ts';
import { OpenStore } from './open-store.ts';
import type { Answer, Request } from './protocol.ts';
import { encodeError, storeError } from './store-errors.ts';

/** The thread that alone touches the database: one request after the other, so a slow disk stalls nobody else. */
const gate = new FaultGate();
let store: OpenStore | undefined;

parentPort?.on('message', (request: Request) => {
  parentPort?.postMessage(answer(request));
  if (request.name === 'close') parentPort?.close();
});

function answer(request: Request): Answer {
  try {
    return { id: request.id, ok: true, value: handle(request) };
  } catch (error) {
    return { id: request.id, ok: false, error: encodeError(storeError('the store', error)) };
  }
}

function handle(request: Request): unknown {
  if (request.name === 'open') {
    store = new OpenStore(request.args.path, gate);
    return store.load();
  }
  if (request.name === 'close') return store?.close() ?? null;
  if (!store) throw new AppError('internal', `${request.name} before the store was open`);
  switch (request.name) {
    case 'commit':
      return store.commit(request.args);
    case 'events':
      return store.events(request.args);
    case 'pruneEvents':
      return store.pruneEvents(request.args);
    case 'shrink':
      return store.shrink();
    case 'injectFaults':
      return store.inject(request.args);
  }
}
