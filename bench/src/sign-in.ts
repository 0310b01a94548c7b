/** Signs a member of staff in and gives the session's token. */
export async function signIn(
  address: string,
  { account, password }: { readonly account: string; readonly password: string },
): Promise<string> {
  const response = await fetch(`${address}/api/v1/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ kind: 'staff', account, password }),
  })
  if (!response.ok) throw new Error(`Signing in was answered ${response.status}: ${await response.text()}`)
  return ((await response.json()) as { token: string }).token
}
