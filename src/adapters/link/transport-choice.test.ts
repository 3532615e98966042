import { expect, test } from 'vitest';
import { TransportChoice } from './transport-choice.ts';

test('gRPC goes first, and again after a short time when the twin got through instead', () => {
  const choice = new TransportChoice();
  expect(choice.first(0)).toBe('grpc');
  choice.failed('grpc', 0);
  choice.worked('twin', 1);
  expect(choice.first(19_999)).toBe('twin');
  expect(choice.first(20_000)).toBe('grpc');
});

test('each vain try of gRPC doubles the time of the twin, up to an hour; success forgets it', () => {
  const choice = new TransportChoice();
  let now = 0;
  for (let tries = 0; tries < 12; tries += 1) {
    choice.failed('grpc', now);
    choice.worked('twin', now);
    now += 3_600_000;
    expect(choice.first(now)).toBe('grpc');
  }
  choice.failed('grpc', now);
  expect(choice.first(now + 3_599_999)).toBe('twin');
  choice.worked('grpc', now + 3_600_000);
  choice.failed('grpc', now + 3_600_000);
  expect(choice.first(now + 3_620_000)).toBe('grpc');
});

test('where neither gets through nothing is remembered: the WAN is down, and no proxy in the way', () => {
  const choice = new TransportChoice();
  choice.failed('grpc', 0);
  choice.failed('twin', 1);
  expect(choice.first(2)).toBe('grpc');
});
