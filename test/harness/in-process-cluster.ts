// Everything a family needs, in one process: API server, Kubernetes' controllers, simulated nodes, address engine.
import { expect, vi } from 'vitest'
import { createAddressEngine } from '../../src/addresses/address-engine.ts'
import type { AddressEngine } from '../../src/addresses/engine.ts'
import { customresourcedefinitions, nodes, pods, services } from '../../src/apis/core/resources.generated.ts'
import type { CustomResourceDefinition } from '../../src/apis/core/types.generated.ts'
import { Cache } from '../../src/kube/cache.ts'
import type { Client } from '../../src/kube/client.ts'
import { systemClock } from '../../src/kube/clock.ts'
import type { New } from '../../src/kube/object.ts'
import { RestClient } from '../../src/kube/rest-client.ts'
import { createApiServer, type ApiServer } from '../../src/local/apiserver/server.ts'
import { startControllers } from '../../src/local/controllers/controller-manager.ts'
import { hostPlan } from '../../src/local/host-plan.ts'
import { createSimulatedNodes } from '../../src/local/node/simulate/simulated-nodes.ts'
import type { CustomResourceDefinitionManifest } from '../../src/schema/crd.ts'

const plan = hostPlan(58)
const images = {
  resolve: (image: string) => Promise.resolve(image.includes('missing') ? undefined : { id: `sha256:${image}` }) as never,
  hint: (image: string) => `no folder has ${image}`,
}

export interface InProcessCluster extends AsyncDisposable {
  readonly api: ApiServer
  /** As a user with all rights. */
  readonly client: Client
  /** As a controller of Kubernetes. */
  readonly manager: Client
  /** Started already. */
  readonly addresses: AddressEngine
  /** Every write so far, as `VERB resource/subresource`. */
  readonly writes: string[]
}

/** A fresh cluster that knows these kinds. */
export async function openInProcessCluster(definitions: readonly CustomResourceDefinitionManifest[]): Promise<InProcessCluster> {
  await using parts = new AsyncDisposableStack()
  const writes: string[] = []
  const api = parts.use(
    await createApiServer({
      plan,
      onRequest: request => {
        const { verb, resource, subresource } = request as unknown as { verb: string; resource: string; subresource: string }
        if (!['GET', 'LIST', 'WATCH'].includes(verb)) writes.push(`${verb} ${resource}${subresource ? `/${subresource}` : ''}`)
      },
    }),
  )
  const client = parts.use(new RestClient({ transport: api.transport('admin') }))
  for (const definition of definitions)
    await client.create(customresourcedefinitions, definition as unknown as New<CustomResourceDefinition>)
  await vi.waitFor(async () => {
    const list = await client.list(customresourcedefinitions)
    expect(list.items.every(item => item.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True'))).toBe(
      true,
    )
  })
  const manager = parts.use(new RestClient({ transport: api.transport('manager') }))
  parts.use(await startControllers({ client: manager, plan, scheduledEvents: false }))
  parts.use(await createSimulatedNodes({ client: manager, plan, images }))
  const cache = parts.use(new Cache({ client: manager }))
  const stores = { services: cache.store(services), nodes: cache.store(nodes), pods: cache.store(pods) }
  const addresses = parts.use(createAddressEngine({ client: manager, stores, clock: systemClock }))
  await addresses.start(new AbortController().signal)
  const owned = parts.move()
  return { api, client, manager, addresses, writes, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}
