import { isNotFound } from '../../../kube/api-error.ts'
import type { Client } from '../../../kube/client.ts'
import type { Clock } from '../../../kube/clock.ts'
import type { Transport } from '../../../kube/transport.ts'
import { ask, type Asked } from '../asked.ts'
import type { Facts } from '../facts.ts'

/** Version, and difference of clocks: the answer's Date header against the middle of the time it took. */
export async function readServer(
  client: Client,
  transport: Transport,
  clock: Clock,
  signal: AbortSignal,
): Promise<Pick<Facts, 'version' | 'clock'>> {
  // The first request opens the connection, which takes time of its own; its failure is everybody's.
  const version = (await client.raw('/version', { signal })) as Facts['version']
  const before = clock.now()
  const answer = await transport.request({ method: 'GET', path: '/version', headers: { accept: 'application/json' }, signal })
  await answer.json()
  const took = clock.now() - before
  const date = Date.parse(answer.headers['date'] ?? '')
  if (Number.isNaN(date)) return { version, clock: undefined }
  // The header has whole seconds, rounded down.
  return { version, clock: { aheadMs: date + 500 - (before + took / 2), uncertaintyMs: 500 + took / 2 } }
}

/** Subresources of pods, by discovery. */
export function readPodSubresources(client: Client, signal: AbortSignal): Promise<Asked<readonly string[]>> {
  return ask(async () => {
    const { resources = [] } = (await client.raw('/api/v1', { signal })) as { resources?: readonly { readonly name: string }[] }
    return resources.flatMap(({ name }) => (name.startsWith('pods/') ? [name.slice('pods/'.length)] : []))
  })
}

/** Names of the API groups that are served. */
export function readGroups(client: Client, signal: AbortSignal): Promise<Asked<readonly string[]>> {
  return ask(async () => {
    try {
      const { groups = [] } = (await client.raw('/apis', { signal })) as { groups?: readonly { readonly name: string }[] }
      return groups.map(({ name }) => name)
    } catch (error) {
      if (isNotFound(error)) return []
      throw error
    }
  })
}
