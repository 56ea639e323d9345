/** Whether the store accepts visits, and how an outage is reported. */
import { describe, expect, test } from 'bun:test';
import { AppError } from '../../../src/counter/errors.ts';
import { StoreHealth } from '../../../src/counter/store-health.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const away = new AppError('store-unavailable', 'away');
const locked = new AppError('store-unusable', 'needs a person');

function begin() {
  const clock = new ManualClock();
  const told: string[] = [];
  const health = new StoreHealth({
    clock,
    onOutage: (error) => told.push(String(error)),
    onRecovery: (seconds) => told.push(`after ${seconds} s`),
  });
  return { clock, told, health };
}

describe('the health of the store', () => {
  test('is the outcome of the last batch', () => {
    const { health } = begin();
    expect(health.failure).toBeUndefined();
    health.failed(away, 0);
    expect(health.failure).toBe('away');
    health.succeeded(0);
    expect(health.failure).toBeUndefined();
  });

  test('visits that wait too long are no outage by themselves, and do not hide another reason', () => {
    const { told, health } = begin();
    health.late(0);
    expect(health.failure).toBe('the store does not answer visits in time');
    health.failed(away, 0);
    health.late(0);
    expect(health.failure).toBe('away');
    expect(told).toEqual(['AppError: away']);
  });

  test('an outage and its end are each reported once, however many attempts are made', () => {
    const { clock, told, health } = begin();
    for (let n = 0; n < 100; n++) {
      health.failed(away, 0);
      clock.jump(500);
    }
    health.succeeded(0);
    clock.jump(6000);
    health.succeeded(0);
    health.succeeded(0);
    expect(told).toEqual(['AppError: away', 'after 49.5 s']);
  });

  test('a store that fails repeatedly has one outage', () => {
    const { clock, told, health } = begin();
    for (let n = 0; n < 100; n++) {
      if (n % 3 === 0) health.failed(away, 0);
      else health.succeeded(0);
      clock.jump(1000);
    }
    expect(told).toEqual(['AppError: away']);
  });

  test('an outage that turns out to need a person is reported again', () => {
    const { told, health } = begin();
    for (const error of [away, locked, away, locked, new Error('a bug')]) health.failed(error, 0);
    expect(told).toEqual(['AppError: away', 'AppError: needs a person']);
  });

  test('of a divided store has a failure when one shard has, and is unready when all have', () => {
    const clock = new ManualClock();
    const told: string[] = [];
    const health = new StoreHealth({
      clock,
      shards: 2,
      onOutage: (error) => told.push(String(error)),
      onRecovery: (seconds) => told.push(`after ${seconds} s`),
    });
    health.failed(away, 1);
    health.succeeded(0);
    expect([health.failure, health.unready]).toEqual(['away', undefined]);
    health.failed(away, 0);
    expect([health.failure, health.unready]).toEqual(['away', 'away']);
    health.succeeded(1);
    expect([health.failure, health.unready]).toEqual(['away', undefined]);
    health.succeeded(0);
    expect([health.failure, health.unready]).toEqual([undefined, undefined]);
    clock.jump(7000);
    health.succeeded(1);
    expect([health.failure, health.unready]).toEqual(['the store does not answer', undefined]);
    // The outage is over when no shard fails.
    expect(told).toEqual(['AppError: away']);
    health.succeeded(0);
    expect(told).toEqual(['AppError: away', 'after 0 s']);
    clock.jump(7000);
    expect(health.unready).toBe('the store does not answer');
  });
});
