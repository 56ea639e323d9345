/**
 * HEAD: the headers of GET without its body.
 *
 * Bun says `Content-Length: 0` of any response without a body. RFC 9110 (section 8.6) allows a
 * length only where GET would send the same, so a response to HEAD says that length, or that there
 * is none (`Transfer-Encoding: chunked`).
 */

/**
 * A response to HEAD where the body of GET is not known: because making it would count a visit, or
 * would cost work. `headers` are those of GET.
 */
export function headOnly(headers: Headers): Response {
  const ours = new Headers(headers);
  ours.set('Transfer-Encoding', 'chunked');
  return new Response(null, { headers: ours });
}

/** The response to HEAD that says what `response`, the one to GET or one of `headOnly`, says. */
export async function withoutBody(response: Response | Promise<Response>): Promise<Response> {
  const whole = await response;
  const { status, headers } = whole;
  if (status === 204 || status === 304 || headers.has('Transfer-Encoding')) return whole;
  const ours = new Headers(headers);
  ours.set('Content-Length', `${(await whole.arrayBuffer()).byteLength}`);
  return new Response(null, { status, headers: ours });
}

/** The response to HEAD where that to GET is not at hand. */
export async function withUnknownLength(
  response: Response | Promise<Response>,
): Promise<Response> {
  const { status, headers } = await response;
  const ours = new Headers(headers);
  if (status !== 204 && status !== 304) ours.set('Transfer-Encoding', 'chunked');
  return new Response(null, { status, headers: ours });
}
