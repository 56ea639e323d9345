/**
 * Stops replicas in order, and judges how they ended. Not here: when (`supervisor.ts`), and the
 * time limit of one replica (`replica-process.ts`).
 */
import { AppError } from '../counter/errors.ts';
import type { Log } from '../log.ts';
import type { ReplicaEnd, ReplicaProcess } from './replica-process.ts';

/**
 * Stops these replicas together; resolves when all have ended. Fails with `stop-overdue` when one
 * took longer than `stopMs`, and with `replica-failed` when one died instead of stopping. Logs
 * those that died.
 */
export async function stopTogether(
  replicas: Iterable<ReplicaProcess>,
  stopMs: number,
  log: Log,
): Promise<void> {
  const ends = await Promise.all([...replicas].map((replica) => replica.end(stopMs)));
  const died = ends.filter(({ how }) => how === 'died');
  for (const end of died) logDeath(end, log);
  if (ends.some(({ how }) => how === 'overdue')) {
    throw new AppError(
      'stop-overdue',
      `A replica did not stop within ${stopMs} ms; its unfinished requests are cut off.`,
    );
  }
  if (died.length === 0) return;
  throw new AppError(
    'replica-failed',
    `${died.map(({ name }) => name).join(', ')} ended by itself during its stop; its unfinished requests are cut off.`,
  );
}

/** Logs that a replica died while it stopped. */
export function logDeath({ name, status }: ReplicaEnd, log: Log): void {
  log.error({ status }, `${name} ended by itself during its stop`);
}
