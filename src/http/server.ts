/**
 * Listening: a port, its limits, and how it is closed without cutting anybody off. Used for both
 * ports.
 *
 * What Bun brings by itself: 16 KiB for request line and headers together (431), closing a
 * connection that has not sent its headers after some 10 s, malformed requests (400). It has no
 * limit on connections: see `http/connections/guard.ts`.
 */
import { AppError } from '../counter/errors.ts';
import { limitConnections } from './connections/guard.ts';

export interface ListenOptions {
  host: string;
  /** The setting that `host` comes from, for the error that names it. */
  hostSetting: 'SEEN_HOST' | 'SEEN_OPERATIONS_HOST';
  /** 0 for any free one. */
  port: number;
  /**
   * Whether other processes of ours listen on the same port, and the kernel shares the connections
   * out.
   */
  shared: boolean;
  /** The longest that a handler may take. A connection is not taken for idle before that. */
  handlerMs: number;
  /** Above this many connections, those without a request under way are closed. */
  connectionsMax: number;
  /**
   * The remote ports of connections that have a request under way, so that they are not closed.
   */
  busyPorts: () => Iterable<number>;
  fetch: (request: Request, server: Bun.Server<undefined>) => Response | Promise<Response>;
}

export interface Listening {
  /**
   * The address that is listened on: not the one that was asked for where the system has no IPv6.
   */
  host: string;
  port: number;
  /**
   * Stops listening, closes idle connections, and resolves when the last connection has gone by
   * itself.
   */
  close(): Promise<void>;
  /** Cuts off every connection that is left. */
  cutOff(): void;
}

/** Few routes take a body, a small one; of others it is ignored, as HTTP wants it. */
const BODY_BYTES_MAX = 16 * 1024;
/** What keep-alive connections are given between requests, and handlers beyond their own limit. */
const IDLE_SECONDS = 10;
/** Every address of the machine, over both versions of IP and over IPv4 alone. */
const EVERY_ADDRESS = '::';
const EVERY_IPV4_ADDRESS = '0.0.0.0';
/** What the system says of an address family that it does not have. */
const NO_FAMILY = 'EAFNOSUPPORT';

/**
 * Opens the port. On a system without IPv6 every address (`::`) is every IPv4 address (`0.0.0.0`).
 * Fails with `port-unavailable`.
 */
export function listen(options: ListenOptions): Listening {
  try {
    return open(options);
  } catch (error) {
    if (options.host !== EVERY_ADDRESS || (error as NodeJS.ErrnoException).code !== NO_FAMILY)
      throw unavailable(options, error);
  }
  const onIpv4 = { ...options, host: EVERY_IPV4_ADDRESS };
  try {
    return open(onIpv4);
  } catch (error) {
    throw unavailable(onIpv4, error);
  }
}

function open({
  host,
  port,
  shared,
  handlerMs,
  connectionsMax,
  busyPorts,
  fetch,
}: ListenOptions): Listening {
  const server = Bun.serve({
    hostname: host,
    port,
    reusePort: shared,
    idleTimeout: Math.ceil(handlerMs / 1000) + IDLE_SECONDS,
    maxRequestBodySize: BODY_BYTES_MAX,
    development: false,
    fetch,
  });
  const opened = server.port ?? port;
  const unlimit = limitConnections(
    { port: opened, closeIdleConnections: () => server.closeIdleConnections() },
    connectionsMax,
    busyPorts,
  );
  return {
    host,
    port: opened,
    close: () => {
      unlimit();
      return server.stop();
    },
    cutOff: () => void server.stop(true),
  };
}

function unavailable({ host, hostSetting, port }: ListenOptions, error: unknown): AppError {
  const { code, message } = error as NodeJS.ErrnoException;
  const failed = `Port ${port} on ${host} cannot be opened`;
  const said =
    code === NO_FAMILY
      ? `${failed}: this system has no IPv6. Set ${hostSetting} to an IPv4 address, such as 0.0.0.0 for every one.`
      : `${failed}: ${code === 'EADDRINUSE' ? 'another program uses it' : message}. Choose others with --port and --operations-port.`;
  return new AppError('port-unavailable', said, { cause: error });
}
