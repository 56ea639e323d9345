/** A port that cannot be opened: the error names the setting to change. */
import { expect, test } from 'bun:test';
import { type ListenOptions, listen } from '../../../src/http/server.ts';

function open(options: Pick<ListenOptions, 'host' | 'hostSetting' | 'port'>) {
  return listen({
    ...options,
    shared: false,
    handlerMs: 1000,
    connectionsMax: 1,
    busyPorts: () => [],
    fetch: () => new Response(),
  });
}

test('an address that the machine does not have, and a name without one: the setting of the host', () => {
  // The names are no valid ones, so no name server is asked.
  for (const host of ['192.0.2.1', '-name', 'two words', '127.0.0.1:80', 'fe80::1']) {
    for (const hostSetting of ['SEEN_HOST', 'SEEN_OPERATIONS_HOST'] as const) {
      expect(() => open({ host, hostSetting, port: 0 })).toThrow(
        expect.objectContaining({
          code: 'port-unavailable',
          message: expect.stringMatching(
            new RegExp(
              `^Port 0 on ${host} cannot be opened: this (?!.*--port).*Set ${hostSetting} to`,
            ),
          ),
        }),
      );
    }
  }
});

test('a port that is taken: the settings of the ports', async () => {
  const hostSetting = 'SEEN_HOST';
  const first = open({ host: '127.0.0.1', hostSetting, port: 0 });
  expect(() => open({ host: '127.0.0.1', hostSetting, port: first.port })).toThrow(
    expect.objectContaining({
      code: 'port-unavailable',
      message: `Port ${first.port} on 127.0.0.1 cannot be opened: another program uses it. Choose others with --port and --operations-port, or SEEN_PORT and SEEN_OPERATIONS_PORT.`,
    }),
  );
  await first.close();
});
