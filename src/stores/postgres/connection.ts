/** stub */
import pg from 'pg';
export interface PostgresOptions { url: string; ca: string | undefined; urlIn?: string; timeoutMs: number }
export type Client = pg.Client;
export type Purpose = 'commits' | 'changes' | 'limits' | 'reads';
export class PostgresDatabase {
  readonly place: string;
  readonly hosts = 1;
  #clients = new Map<string, Promise<pg.Client>>();
  constructor(readonly options: PostgresOptions & { prepare: (client: Client) => Promise<void> }) { this.place = new URL(options.url).host; }
  #client(p: string) {
    let c = this.#clients.get(p);
    if (!c) {
      c = (async () => { const client = new pg.Client(this.options.url); client.on('error', () => undefined); await client.connect(); await this.options.prepare(client); return client; })();
      this.#clients.set(p, c);
    }
    return c;
  }
  async call<T>(p: Purpose, name: string, args: unknown, _code: string): Promise<T> {
    const client = await this.#client(p);
    try {
    const { rows } = await client.query({ name, text: `SELECT seen.${name}($1::jsonb) AS answer`, values: [JSON.stringify(args)] });
    return rows[0].answer as T;
    } catch (e: any) {
      const { AppError } = await import('../../counter/errors.ts');
      if (e.code === 'SE001') throw new AppError('sequence-mismatch', e.message);
      console.error(name, e.code, e.message, e.where, e.detail);
      throw e;
    }
  }
  async ask<T>(p: Purpose, q: (c: Client) => Promise<T>, _code: string): Promise<T> { return q(await this.#client(p)); }
  close() { for (const c of this.#clients.values()) c.then((x) => x.end()); this.#clients.clear(); }
}
