import { expect, it } from 'vitest'
import type { Pod } from '../../../apis/core/types.generated.ts'
import type { GameServerSet } from '../../../apis/game.kruise.io/game-server-set.ts'
import { labels } from '../../../apis/game.kruise.io/labels.ts'
import { FakeClock } from '../../../kube/fake-clock.ts'
import type { Member, Step } from '../../../servers/model.ts'
import type { OkgContext } from '../context.ts'
import { applySteps } from './apply.ts'
import { rankOf } from './scale-down-order.ts'

const metadata = { namespace: 'n', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }
const pod = {
  metadata: { ...metadata, name: 'a-0', labels: { [labels.opsState]: 'None', [labels.deletePriority]: '0' } },
} as unknown as Pod
const set = { metadata: { ...metadata, name: 'a' } } as unknown as GameServerSet
/** As the plan knew it: nothing was said of it. */
const member = { key: 'a-0', uid: 'u', rank: rankOf(pod.metadata.labels) } as Member

/** Takes one step on a cluster whose GameServer has this spec; what was deleted, and what is to be looked at again. */
async function take(because: 'ScaleDown' | 'Outdated', spec: object) {
  const deleted: string[] = []
  const enqueued: string[] = []
  const context = {
    clock: new FakeClock(),
    client: {
      get: () => Promise.resolve({ metadata: { ...metadata, name: 'a-0' }, spec }),
      delete: (_type: unknown, { name }: { name: string }) => Promise.resolve(void deleted.push(name)),
    },
    pods: { get: () => pod, deleted: () => undefined },
    servers: { wrote: () => undefined },
    enqueueServer: (key: string) => void enqueued.push(key),
  } as unknown as OkgContext
  const step: Step = { do: 'delete', member, because }
  const { error } = await applySteps({ context, set, revisions: new Map(), gracePeriodSeconds: 0, signal: new AbortController().signal }, [
    step,
  ])
  if (error !== undefined) throw error
  return { deleted, enqueued }
}

it('lets no server leave of which operators have said something that its pod does not carry yet', async () => {
  expect(await take('ScaleDown', { opsState: 'Allocated' })).toEqual({ deleted: [], enqueued: ['n/a-0'] })
  expect(await take('ScaleDown', { deletionPriority: 3 })).toEqual({ deleted: [], enqueued: ['n/a-0'] })
  expect(await take('ScaleDown', { opsState: 'None', updatePriority: 7 })).toEqual({ deleted: ['a-0'], enqueued: [] })
  expect(await take('Outdated', { opsState: 'Allocated' })).toEqual({ deleted: ['a-0'], enqueued: [] })
})
