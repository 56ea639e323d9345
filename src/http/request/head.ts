/**
 * HEAD: the headers of GET without its body.
 *
 * Bun sends `Content-Length: 0` with any response without a body. RFC 9110 (section 8.6) allows a
 * length only where GET would send the same one. So a response to HEAD has that length, or
 * `Transfer-Encoding: chunked` when it is unknown.
 */

/**
 * A response to HEAD when the body of GET is unknown, because making it would count a visit or
 * take work. `headers` are those of GET.
 */
export function headOnly(headers: Headers): Response {
  const ours = new Headers(headers);
  ours.set('Transfer-Encoding', 'chunked');
  return new Response(null, { headers: ours });
}

/** The response to HEAD, from the one to GET or from `headOnly`. */
export async function withoutBody(response: Response | Promise<Response>): Promise<Response> {
  const whole = await response;
  const { status, headers } = whole;
  if (status === 204 || status === 304 || headers.has('Transfer-Encoding')) return whole;
  const ours = new Headers(headers);
  ours.set('Content-Length', `${(await whole.arrayBuffer()).byteLength}`);
  return new Response(null, { status, headers: ours });
}

/** The response to HEAD when there is none to GET. */
export async function withUnknownLength(
  response: Response | Promise<Response>,
): Promise<Response> {
  const { status, headers } = await response;
  const ours = new Headers(headers);
  if (status !== 204 && status !== 304) ours.set('Transfer-Encoding', 'chunked');
  return new Response(null, { status, headers: ours });
}
