/**
 * nginx and Caddy with the files of deploy/proxy/, in front of a port of this machine: with free
 * ports, the name `localhost`, and certificates of an authority of their own.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, temporaryFolder, until } from './folder.ts';
import { ROOT } from './program.ts';

/** The name in the files. */
const NAME = 'count.example.com';

export interface ProxyOptions {
  /** The port of Seen. */
  readonly port: number;
  /** Further names of the site. */
  readonly names?: readonly string[];
}

/** A running proxy. */
export abstract class Proxy implements AsyncDisposable {
  readonly #folder = temporaryFolder();
  #process: Bun.Subprocess | undefined;
  /** Where it redirects to HTTPS. */
  httpUrl = '';
  /** Where Seen is behind it. */
  url = '';
  /** The certificate of its authority, PEM. */
  ca = '';

  /** What it said, for people who look for a mistake. */
  get said(): string {
    return readFileSync(join(this.folder, 'said'), 'utf8');
  }

  protected get folder(): string {
    return this.#folder.path;
  }

  /** Writes its configuration for these ports; answers the command that runs it. */
  protected abstract configure(
    options: ProxyOptions,
    http: number,
    https: number,
  ): Promise<readonly string[]>;

  /** Where the authority's certificate is once it runs. */
  protected abstract get caFile(): string;

  /** Has it read its configuration again. */
  abstract reload(): Promise<void>;

  /** Starts it; resolves when it answers. */
  protected async begin(options: ProxyOptions): Promise<void> {
    const [http, https] = [await freePort(), await freePort()];
    this.httpUrl = `http://localhost:${http}`;
    this.url = `https://localhost:${https}`;
    const command = await this.configure(options, http, https);
    this.#process = Bun.spawn([...command], {
      env: { PATH: process.env['PATH'] ?? '', HOME: this.folder, XDG_DATA_HOME: this.folder },
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: Bun.file(join(this.folder, 'said')),
    });
    const answers = async () => {
      if (this.#process?.exitCode !== null) throw new Error(`it ended: ${this.said}`);
      this.ca = readFileSync(this.caFile, 'utf8');
      return (await fetch(`${this.url}/get/any/name`, { tls: { ca: this.ca } })).status > 0;
    };
    await until('the proxy to answer', answers).catch(async (error: unknown) => {
      await this[Symbol.asyncDispose]();
      throw error;
    });
  }

  protected signal(name: NodeJS.Signals): void {
    this.#process?.kill(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process?.kill('SIGTERM');
    await this.#process?.exited;
    this.#folder[Symbol.dispose]();
  }
}

/** The file, for the port of Seen and other names. */
function file(path: string, { port, names = [] }: ProxyOptions, separator: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
    .replaceAll(NAME, ['localhost', ...names].join(separator))
    .replaceAll('127.0.0.1:8000', `127.0.0.1:${port}`);
}

export class Nginx extends Proxy {
  static async start(options: ProxyOptions): Promise<Nginx> {
    const nginx = new Nginx();
    await nginx.begin(options);
    return nginx;
  }

  protected get caFile(): string {
    return join(this.folder, 'ca.pem');
  }

  protected async configure(
    options: ProxyOptions,
    http: number,
    https: number,
  ): Promise<readonly string[]> {
    await this.#makeCertificate(options.names ?? []);
    const site = file('deploy/proxy/nginx.conf', options, ' ')
      .replaceAll(/(listen (?:\[::\]:)?)80;/g, (_, before) => `${before}${http};`)
      .replaceAll(/(listen (?:\[::\]:)?)443 /g, (_, before) => `${before}${https} `)
      .replace(/ssl_certificate .*;/, `ssl_certificate ${this.folder}/site.pem;`)
      .replace(/ssl_certificate_key .*;/, `ssl_certificate_key ${this.folder}/site.key;`);
    const user = process.getuid?.() === 0 ? 'user root;' : '';
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => {
      mkdirSync(join(this.folder, kind));
      return `${kind}_temp_path ${this.folder}/${kind};`;
    });
    // Debian's nginx.conf, as far as a site depends on it.
    writeFileSync(
      join(this.folder, 'nginx.conf'),
      `daemon off; ${user} pid ${this.folder}/pid; error_log stderr; worker_processes 2;
events { worker_connections 768; }
http { gzip on; sendfile on; tcp_nopush on; ${temporary.join(' ')}
${site}}\n`,
    );
    return ['nginx', '-e', 'stderr', '-p', this.folder, '-c', join(this.folder, 'nginx.conf')];
  }

  async #makeCertificate(names: readonly string[]): Promise<void> {
    const made = (name: string) => join(this.folder, name);
    const alternatives = ['localhost', ...names].map((name) => `DNS:${name}`).join(',');
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    await Bun.$`openssl req -x509 ${key} -subj /CN=authority -keyout ${made('ca.key')} -out ${made('ca.pem')}`.quiet();
    await Bun.$`openssl req -x509 ${key} -subj /CN=localhost -addext subjectAltName=${alternatives} -addext basicConstraints=critical,CA:FALSE -CA ${made('ca.pem')} -CAkey ${made('ca.key')} -keyout ${made('site.key')} -out ${made('site.pem')}`.quiet();
  }

  async reload(): Promise<void> {
    this.signal('SIGHUP');
  }
}

export class Caddy extends Proxy {
  #admin = 0;

  static async start(options: ProxyOptions): Promise<Caddy> {
    const caddy = new Caddy();
    await caddy.begin(options);
    return caddy;
  }

  protected get caFile(): string {
    return join(this.folder, 'caddy/pki/authorities/local/root.crt');
  }

  protected async configure(
    options: ProxyOptions,
    http: number,
    https: number,
  ): Promise<readonly string[]> {
    this.#admin = await freePort();
    const site = file('deploy/proxy/Caddyfile', options, ', ').replace(
      '#tls internal',
      'tls internal',
    );
    const machine = `{
	admin localhost:${this.#admin}
	http_port ${http}
	https_port ${https}
	skip_install_trust
}
`;
    writeFileSync(join(this.folder, 'Caddyfile'), `${machine}${site}`);
    return ['caddy', 'run', '--adapter', 'caddyfile', '--config', join(this.folder, 'Caddyfile')];
  }

  async reload(): Promise<void> {
    const config = join(this.folder, 'Caddyfile');
    await Bun.$`caddy reload --force --adapter caddyfile --config ${config} --address localhost:${this.#admin}`.quiet();
  }
}

/** Both, for tests that hold for each. */
export const PROXIES: readonly {
  readonly name: string;
  readonly start: (options: ProxyOptions) => Promise<Proxy>;
}[] = [
  { name: 'nginx', start: (options) => Nginx.start(options) },
  { name: 'Caddy', start: (options) => Caddy.start(options) },
];
