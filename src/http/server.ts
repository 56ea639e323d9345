/**
 * Listening: a port, its limits, and how it is closed without cutting anybody off. Used for both ports.
 *
 * What Bun brings by itself: 16 KiB for request line and headers together (431), closing a connection that has not sent
 * its headers after some 10 s, malformed requests (400). It has no limit on connections: see
 * `connections.ts`.
 */
import { AppError } from '../counter/errors.ts';
import { limitConnections } from './connections.ts';

export interface ListenOptions {
  host: string;
  /** 0 for any free one. */
  port: number;
  /** Whether other processes of ours listen on the same port, and the kernel shares the connections out. */
  shared: boolean;
  /** The longest that a handler may take. A connection is not taken for idle before that. */
  handlerMs: number;
  /** Past so many connections those idle between requests are closed. */
  connectionsMax: number;
  fetch: (request: Request, server: Bun.Server<undefined>) => Response | Promise<Response>;
}

export interface Listening {
  port: number;
  /** Stops listening, closes idle connections, and resolves when the last connection has gone by itself. */
  close(): Promise<void>;
  /** Cuts off every connection that is left. */
  cutOff(): void;
}

/** No route takes a body; a small one is read and ignored, as HTTP wants it. */
const BODY_BYTES_MAX = 16 * 1024;
/** What keep-alive connections are given between requests, and handlers beyond their own limit. */
const IDLE_SECONDS = 10;

/** Opens the port. Fails with `port-unavailable`. */
export function listen({ host, port, shared, handlerMs, connectionsMax, fetch }: ListenOptions): Listening {
  try {
    const server = Bun.serve({
      hostname: host,
      port,
      reusePort: shared,
      idleTimeout: Math.ceil(handlerMs / 1000) + IDLE_SECONDS,
      maxRequestBodySize: BODY_BYTES_MAX,
      development: false,
      fetch,
    });
    const unlimit = limitConnections(server, connectionsMax);
    return {
      port: server.port ?? port,
      close: () => {
        unlimit();
        return server.stop();
      },
      cutOff: () => void server.stop(true),
    };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'EADDRINUSE' ? 'another program uses it' : message;
    throw new AppError(
      'port-unavailable',
      `Port ${port} on ${host} cannot be opened: ${why}. Choose others with --port and --operations-port.`,
      { cause: error },
    );
  }
}
