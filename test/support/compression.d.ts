/** The parts of `compression` that are used, because it has no types. */
declare module 'compression' {
  import type { IncomingMessage, ServerResponse } from 'node:http';
  /**
   * A handler that compresses what is written to the response after it, where the request takes
   * that.
   */
  export default function compression(options: {
    /** From how many bytes on. */
    threshold: number;
  }): (request: IncomingMessage, response: ServerResponse, next: () => void) => void;
}
