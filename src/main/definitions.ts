import { customresourcedefinitions } from '../apis/core/resources.generated.ts'
import type { CustomResourceDefinition } from '../apis/core/types.generated.ts'
import { okgCustomResourceDefinitions } from '../apis/game.kruise.io/custom-resource-definitions.ts'
import { isManagerDeployed } from '../families/okg/control/manager-presence.ts'
import { isAlreadyExists } from '../kube/api-error.ts'
import type { Client } from '../kube/client.ts'
import { type Clock, systemClock } from '../kube/clock.ts'
import { type Logger, noopLogger } from '../kube/logger.ts'
import type { New } from '../kube/object.ts'

export interface InstallOptions {
  readonly clock?: Clock
  readonly logger?: Logger
  /** Also replace definitions that OpenKruiseGame works with. Default false. */
  readonly takeOver?: boolean
  /** Also the kinds of Agones. Default false. */
  readonly agones?: boolean
}

/**
 * Makes the API serve Berth's kinds: creates each CustomResourceDefinition, or brings the spec of an existing one up to date, and waits until all
 * are established. While OpenKruiseGame's manager is there, existing definitions are its own and stay as they are.
 */
export async function installDefinitions(client: Client, signal: AbortSignal, options: InstallOptions = {}): Promise<void> {
  const { clock = systemClock, logger = noopLogger, takeOver = false } = options
  const kinds = [...okgCustomResourceDefinitions, ...(options.agones === true ? await agonesDefinitions() : [])]
  const definitions = kinds as unknown as readonly New<CustomResourceDefinition>[]
  const isShared = !takeOver && (await isManagerDeployed(client, signal))
  if (isShared) logger.warn("OpenKruiseGame's manager is there: its CustomResourceDefinitions stay as they are")
  await Promise.all(definitions.map(definition => install(client, definition, !isShared, signal)))
  await Promise.all(definitions.map(definition => established(client, definition.metadata.name ?? '', clock, signal)))
}

/** Loaded only where they are wanted: their schemas take longer to make than all that a start does otherwise. */
async function agonesDefinitions() {
  return (await import('../apis/agones.dev/custom-resource-definitions.ts')).agonesCustomResourceDefinitions
}

async function install(client: Client, definition: New<CustomResourceDefinition>, mayChange: boolean, signal: AbortSignal): Promise<void> {
  try {
    await client.create(customresourcedefinitions, definition, { signal })
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    if (!mayChange) return
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
