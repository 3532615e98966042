import { parentPort } from 'node:worker_threads';
import { AppError } from '../../kernel/errors.ts';
import { FaultGate } from './faults.ts';
import { copyHubDatabase } from './hub-copy.ts';
import { HubDatabase } from './hub-database.ts';
import type { HubRequest } from './hub-protocol.ts';
import { type Answer, NO_ANSWER } from './protocol.ts';
import { encodeError, storeError } from './store-errors.ts';

/** The thread that alone touches head office's database. */
const gate = new FaultGate();
let database: HubDatabase | undefined;

parentPort?.on('message', (request: HubRequest) => {
  const answered = answer(request);
  if (request.id !== NO_ANSWER) parentPort?.postMessage(answered);
  if (request.name === 'close') parentPort?.close();
});

function answer(request: HubRequest): Answer {
  try {
    return { id: request.id, ok: true, value: handle(request) ?? null };
  } catch (error) {
    return { id: request.id, ok: false, error: encodeError(storeError('the store of head office', error)) };
  }
}

function handle(request: HubRequest): unknown {
  if (request.name === 'open') {
    database = new HubDatabase(request.args.path, request.args.isKept, gate);
    return database.epoch;
  }
  if (request.name === 'backup') return copyHubDatabase(request.args);
  if (request.name === 'close') return database?.close();
  if (!database) throw new AppError('internal', `${request.name} before the store was open`);
  switch (request.name) {
    case 'run':
      return database.run(request.args.lane, request.args.commands);
    case 'injectFaults':
      return database.inject(request.args);
  }
}
