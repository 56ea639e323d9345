/** A shell that runs the commands of a document, one block after another. */
export class Shell implements AsyncDisposable {
  readonly #shell: Bun.Subprocess<'pipe', 'pipe', 'inherit'>;
  readonly #said: AsyncIterator<string>;

  constructor(cwd: string, env: Readonly<Record<string, string>>) {
    this.#shell = Bun.spawn(['bash', '--norc'], {
      cwd,
      env,
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'inherit',
    });
    // A person sees both in one place.
    void this.#shell.stdin.write('exec 2>&1\n');
    this.#said = lines(this.#shell.stdout);
  }

  /** Types commands, and answers what is printed until they have ended. */
  async type(commands: string): Promise<string> {
    const end = `end-${crypto.randomUUID()}`;
    await this.#shell.stdin.write(`${commands}\necho; echo ${end}\n`);
    await this.#shell.stdin.flush();
    const shown: string[] = [];
    for (;;) {
      const { value, done } = await this.#said.next();
      if (done || value === end) return shown.join('\n');
      shown.push(value);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#shell.stdin.end();
    await this.#shell.exited;
  }
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const bytes of stream) {
    rest += decoder.decode(bytes, { stream: true });
    const whole = rest.split('\n');
    rest = whole.pop() ?? '';
    yield* whole;
  }
}
