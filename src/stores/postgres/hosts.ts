/**
 * Decides which server to try first: the one that worked last or, after it failed, the next one.
 *
 * An isolated old primary still accepts connections, and its commits never end. So a server that
 * was lost or silent comes last in the next attempt. All connections of a store share one instance
 * of this.
 */
import { lookup } from 'node:dns/promises';
import type { PostgresHost } from '../../postgres-url.ts';

/** One server: an address to which the name of a host has just been resolved. */
export interface Server extends PostgresHost {
  readonly address: string;
}

export class Hosts {
  readonly #hosts: readonly PostgresHost[];
  /** The index of the host with which the next attempt begins. */
  #first = 0;
  /** The server that accepted a connection last. */
  #current: Server | undefined;
  /** The server that was lost last, unless it has worked since. */
  #lost: Server | undefined;

  constructor(hosts: readonly PostgresHost[]) {
    this.#hosts = hosts;
  }

  /** All hosts, in the order in which to try them. */
  inOrder(): readonly PostgresHost[] {
    return [...this.#hosts.slice(this.#first), ...this.#hosts.slice(0, this.#first)];
  }

  /**
   * The servers of one host, in the order in which to try them. Asks the system's resolver each
   * time, because a name may lead to another server after a failover. Fails when the name is
   * unknown.
   */
  async serversOf({ host, port }: PostgresHost): Promise<readonly Server[]> {
    const found = await lookup(host, { all: true });
    const rank = (server: Server) =>
      isSame(server, this.#lost) ? 2 : isSame(server, this.#current) ? 0 : 1;
    return found
      .map(({ address }) => ({ host, port, address }))
      .toSorted((a, b) => rank(a) - rank(b));
  }

  /** Whether new connections go to this server, as far as is known. */
  isCurrent(server: Server): boolean {
    return isSame(server, this.#current);
  }

  /** Notes that the server accepts connections as a primary. */
  connected(server: Server): void {
    this.#first = this.#indexOf(server);
    this.#current = server;
    if (isSame(server, this.#lost)) this.#lost = undefined;
  }

  /**
   * Notes that a connection to the server was lost. The next attempt begins with the next host.
   * When several connections to one server are lost, only the first moves on to the next host.
   */
  lost(server: Server): void {
    if (!this.isCurrent(server) || isSame(server, this.#lost)) return;
    this.#first = (this.#indexOf(server) + 1) % this.#hosts.length;
    this.#lost = server;
  }

  #indexOf({ host, port }: Server): number {
    return this.#hosts.findIndex((known) => known.host === host && known.port === port);
  }
}

function isSame(one: Server, other: Server | undefined): boolean {
  return one.address === other?.address && one.port === other.port;
}
