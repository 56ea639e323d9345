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
  /** Address and port: of two servers one or both differ. */
  readonly id: string;
}

/** The hosts of one URL, and which of their servers worked and failed last. */
export class Hosts {
  readonly #hosts: readonly PostgresHost[];
  /** The index of the host with which the next attempt begins. */
  #first = 0;
  /** The id of the server that accepted a connection last: new connections go to it. */
  current: string | undefined;
  /** The id of the server that was lost last, unless it has worked since. */
  #lost: string | undefined;

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
    const rank = ({ id }: Server) => (id === this.#lost ? 2 : id === this.current ? 0 : 1);
    return found
      .map(({ address }) => ({ host, port, address, id: `${address} ${port}` }))
      .toSorted((a, b) => rank(a) - rank(b));
  }

  /** Notes that the server accepts connections as a primary. */
  connected(server: Server): void {
    this.#first = this.#indexOf(server);
    this.current = server.id;
    if (server.id === this.#lost) this.#lost = undefined;
  }

  /**
   * Notes that a connection to the server was lost. The next attempt begins with the next host.
   * When several connections to one server are lost, only the first moves on to the next host.
   */
  lost(server: Server): void {
    if (server.id !== this.current || server.id === this.#lost) return;
    this.#first = (this.#indexOf(server) + 1) % this.#hosts.length;
    this.#lost = server.id;
  }

  #indexOf({ host, port }: Server): number {
    return this.#hosts.findIndex((known) => known.host === host && known.port === port);
  }
}
