/** An answer of the API, as far as drills read it. */
export type Asked = {
  readonly status: number
  readonly body: {
    readonly code?: string
    readonly id?: string
    readonly phrase?: string
    readonly state?: string
  }
}

/** Asks the API of a Bibby, under a key of its own. */
export async function ask(
  { address, token }: { address: string; token: string },
  method: 'GET' | 'POST' | 'PUT',
  path: string,
  body?: object,
): Promise<Asked> {
  const reply = await fetch(new URL(`api/v1/${path}`, address), {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body ? { 'content-type': 'application/json' } : {}),
      ...(method !== 'GET' ? { 'idempotency-key': crypto.randomUUID() } : {}),
    },
    body: body ? JSON.stringify(body) : null,
  })
  return { status: reply.status, body: (await reply.json()) as Asked['body'] }
}
