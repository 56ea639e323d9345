/**
 * docs/host.md, followed exactly, on a machine with a real systemd and a real Caddy: every
 * command, compared with its documented output.
 *
 * The name leads to the machine itself, and Caddy's own authority makes the certificate, because
 * no other can see the name.
 */
import { afterAll, beforeAll, test } from 'bun:test';
import { join } from 'node:path';
import { type Step, stepsOf } from '../support/document.ts';
import { FirstCount } from '../support/first-count.ts';
import { ROOT } from '../support/program.ts';
import { describeOnMachine, FOLDER, Machine } from './support/machine.ts';
import { Reader } from './support/reader.ts';

const reader = new Reader();
const firstCount = new FirstCount('systemd, Caddy and HTTPS');
let machine: Machine;

/** The machine trusts Caddy's authority after its first start. */
const TRUST = `
for try in $(seq 100); do [ -e "$ROOT_CERTIFICATE" ] && break; sleep 0.1; done
cp "$ROOT_CERTIFICATE" /usr/local/share/ca-certificates/caddy.crt
update-ca-certificates > /dev/null 2>&1`.replaceAll(
  '$ROOT_CERTIFICATE',
  '/var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt',
);

/** The step as it has to be done where the name is not public. */
function adapted(step: Step): Step {
  const commands = step.commands
    .replace(/^apt-get .*\n/m, '')
    .replace('sed ', `sed -e 's/#tls internal/tls internal/' -e `)
    .replace(/^(systemctl restart caddy)$/m, (line) => line + TRUST);
  return { ...step, commands };
}

describeOnMachine('docs/host.md', () => {
  beforeAll(async () => {
    machine = await Machine.start();
    await machine.must(`
      echo '127.0.0.1 count.example.com' >> /etc/hosts`);
  }, 60_000);

  afterAll(() => machine?.[Symbol.asyncDispose]());

  for (const step of stepsOf(join(ROOT, 'docs/host.md'))) {
    test(step.title, () =>
      firstCount.follow(step, () => reader.follow(adapted(step), machine, FOLDER)),
    );
  }
});
