/** Faults of a database server and of the connection to it. */
import type { Proxy } from '../support/proxy.ts';
import type { DatabaseServer } from '../support/stores/database.ts';
import { type Fault, forAWhile, fullDisk, slowSyncs } from './fault.ts';
import type { Random } from './random.ts';

/** The interface of a server that the faults need. */
export interface FaultyServer extends DatabaseServer {
  alive(): Promise<boolean>;
  /** Stops it as an administrator does. */
  stop(): Promise<void>;
  /** All its processes. */
  pids(): readonly number[];
}

/** `folder` holds the data of the server, on a file system of its own. */
export function serverFaults(
  name: string,
  server: FaultyServer,
  proxy: Proxy,
  folder: string | undefined,
): Fault[] {
  const away = async (random: Random, end: () => Promise<void>) => {
    await end();
    const said = await forAWhile(random, 0, 2000);
    await server.start();
    return said;
  };
  const onTheWay = (what: string, fault: (random: Random) => Proxy['fault']): Fault => ({
    name: what,
    inject: async (random) => {
      proxy.fault = fault(random);
      const said = await forAWhile(random, 300, 2500);
      proxy.fault = {};
      return said;
    },
  });
  const silent = (what: string, fault: Proxy['fault']): Fault => ({
    name: what,
    inject: async (random) => {
      proxy.fault = fault;
      const said = await forAWhile(random, 300, 4000);
      // What was swallowed is missing in the middle of a stream: such a connection never goes on.
      proxy.cutAll();
      proxy.fault = {};
      return said;
    },
  });
  const sometimes = (random: Random) => () => random.next() < 0.2;
  return [
    { name: `kill -9 of ${name}`, inject: (random) => away(random, () => server.kill()) },
    { name: `restart of ${name}`, inject: (random) => away(random, () => server.stop()) },
    {
      name: `${name} stands still (SIGSTOP)`,
      inject: async (random) => {
        server.pause();
        const said = await forAWhile(random, 100, 4000);
        server.resume();
        return said;
      },
    },
    {
      name: 'all connections cut',
      inject: async () => {
        proxy.cutAll();
        return undefined;
      },
    },
    onTheWay('requests cut off', (random) => ({ loseRequest: sometimes(random) })),
    onTheWay('answers cut off', (random) => ({ loseAnswer: sometimes(random) })),
    onTheWay('a slow way', (random) => ({ delayMs: random.between(5, 400) })),
    silent('requests vanish', { swallow: 'requests' }),
    silent('answers vanish', { swallow: 'answers' }),
    { name: `slow syncs of ${name}`, inject: (random) => slowSyncs(server.pids(), random) },
    ...(folder === undefined
      ? []
      : [
          {
            name: `full disk below ${name}`,
            inject: async (random: Random) => {
              const said = await fullDisk(folder, random);
              // It may end when it cannot write.
              if (!(await server.alive())) await server.start();
              return said;
            },
          },
        ]),
  ];
}
