/** The readiness of several replicas from their reports. Pure functions. */
import type { Report } from './channel.ts';

/**
 * The reason why no replica accepts traffic; `undefined` as soon as one report says that its
 * replica does, so that a replica that hangs does not delay the answer. A report is `undefined`
 * when the replica does not reply.
 */
export function unreadyReason(
  reports: readonly Promise<Report | undefined>[],
): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  for (const asked of reports) {
    void asked.then((report) => {
      if (report && report.unready === undefined) resolve(undefined);
    });
  }
  // Called last. It changes nothing if one was ready.
  void Promise.all(reports).then((all) =>
    resolve(all.find((report) => report)?.unready ?? 'no replica answers'),
  );
  return promise;
}
