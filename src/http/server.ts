/**
 * Listens on a port, sets its limits, and closes it without breaking connections. Both ports use
 * it.
 *
 * Bun itself limits request line and headers together to 16 KiB (431), closes a connection that
 * has not sent its headers after some 10 s, and refuses malformed requests (400). It does not
 * limit connections: see `http/connections.ts`.
 */
import { AppError } from '../counter/errors.ts';
import { limitConnections } from './connections.ts';
import { BODY_BYTES_MAX } from './request/body-limit.ts';

export interface ListenOptions {
  host: string;
  /** The setting that `host` comes from, for errors. */
  hostSetting: 'SEEN_HOST' | 'SEEN_OPERATIONS_HOST';
  /** 0 for any free port. */
  port: number;
  /**
   * Whether other processes of ours listen on the same port. The kernel then distributes the
   * connections.
   */
  shared: boolean;
  /** The longest time that a handler may take. Until then a connection does not count as idle. */
  handlerMs: number;
  /** Above this many connections, those without a request in progress are closed. */
  connectionsMax: number;
  /** The remote ports of connections with a request in progress, which must stay open. */
  busyPorts: () => Iterable<number>;
  /** Bodies longer than this get 413 without a text; `BODY_BYTES_MAX` when not given. */
  bodyBytesMax?: number;
  fetch: (request: Request, server: Bun.Server<undefined>) => Response | Promise<Response>;
}

export interface Listening {
  /** The address in use. It differs from the setting when the system has no IPv6. */
  host: string;
  port: number;
  /**
   * Stops listening, closes idle connections, and resolves when the clients have closed the last
   * one.
   */
  close(): Promise<void>;
  /** Closes all remaining connections at once. */
  cutOff(): void;
}

/** The idle time of keep-alive connections, and the extra time of handlers beyond their limit. */
const IDLE_SECONDS = 10;
/** Every address of the machine, over both versions of IP and over IPv4 alone. */
const EVERY_ADDRESS = '::';
const EVERY_IPV4_ADDRESS = '0.0.0.0';
/** The error code of the system for a missing address family. */
const NO_FAMILY = 'EAFNOSUPPORT';

/**
 * Opens the port. On a system without IPv6, `::` means every IPv4 address (`0.0.0.0`). Fails with
 * `port-unavailable`.
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
  bodyBytesMax = BODY_BYTES_MAX,
  fetch,
}: ListenOptions): Listening {
  const server = Bun.serve({
    hostname: host,
    port,
    reusePort: shared,
    idleTimeout: Math.ceil(handlerMs / 1000) + IDLE_SECONDS,
    maxRequestBodySize: bodyBytesMax,
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

/** Why a port cannot be opened, by the code of the error. Other errors come from the address. */
const PORT_REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program uses it',
  EACCES: 'this user may not open it',
};

function unavailable({ host, hostSetting, port }: ListenOptions, error: unknown): AppError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return new AppError(
    'port-unavailable',
    `Port ${port} on ${host} cannot be opened: ${reason(code, message, hostSetting)}`,
    { cause: error },
  );
}

function reason(code: string, message: string, hostSetting: ListenOptions['hostSetting']): string {
  if (code === NO_FAMILY)
    return `this system has no IPv6. Set ${hostSetting} to an IPv4 address, such as 0.0.0.0 for every one.`;
  const ofPort = PORT_REASONS[code];
  if (ofPort !== undefined)
    return `${ofPort}. Choose others with --port and --operations-port, or SEEN_PORT and SEEN_OPERATIONS_PORT.`;
  // For a name without an address Bun (1.4.5) gives any error that the system had before.
  return `this machine seems to have no such address (${message}). Set ${hostSetting} to one of its addresses, or to :: for every one.`;
}
