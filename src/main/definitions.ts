import { customresourcedefinitions } from '../apis/core/resources.generated.ts'
import type { CustomResourceDefinition } from '../apis/core/types.generated.ts'
import { okgCustomResourceDefinitions } from '../apis/game.kruise.io/custom-resource-definitions.ts'
import { isAlreadyExists } from '../kube/api-error.ts'
import type { Client } from '../kube/client.ts'
import { type Clock, systemClock } from '../kube/clock.ts'
import type { New } from '../kube/object.ts'

/**
 * Makes the API serve Berth's kinds: creates each CustomResourceDefinition, or brings the spec of an existing one up to date, and waits until all
 * are established.
 */
export async function installDefinitions(client: Client, signal: AbortSignal, clock: Clock = systemClock): Promise<void> {
  const definitions = okgCustomResourceDefinitions as unknown as readonly New<CustomResourceDefinition>[]
  await Promise.all(definitions.map(definition => install(client, definition, signal)))
  await Promise.all(definitions.map(definition => established(client, definition.metadata.name ?? '', clock, signal)))
}

async function install(client: Client, definition: New<CustomResourceDefinition>, signal: AbortSignal): Promise<void> {
  try {
    await client.create(customresourcedefinitions, definition, { signal })
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    await client.patch(
      customresourcedefinitions,
      { name: definition.metadata.name ?? '' },
      { spec: definition.spec },
      { type: 'merge', signal },
    )
  }
}

async function established(client: Client, name: string, clock: Clock, signal: AbortSignal): Promise<void> {
  for (;;) {
    const { status } = await client.get(customresourcedefinitions, { name }, { signal })
    if (status?.conditions?.some(({ type, status: value }) => type === 'Established' && value === 'True') === true) return
    await clock.sleep(50, signal)
  }
}
