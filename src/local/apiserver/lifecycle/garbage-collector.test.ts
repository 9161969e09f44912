import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ApiUnderTest, configMap } from '../testing/api-under-test.ts'

const maps = '/api/v1/namespaces/default/configmaps'

interface Plan {
  /** Indexes of earlier objects that own this one. */
  readonly owners: readonly number[]
  readonly blocks: boolean
}

const plans = fc.array(fc.record({ owners: fc.array(fc.nat(30), { maxLength: 2 }), blocks: fc.boolean() }), { minLength: 2, maxLength: 12 })
const deletions = fc.array(fc.record({ at: fc.nat(30), policy: fc.constantFrom('Background', 'Foreground', 'Orphan') }), { maxLength: 6 })

/** Creates objects that own each other as planned; an index that names no earlier object owns nothing. */
async function grow(api: ApiUnderTest, plan: readonly Plan[]): Promise<void> {
  const uids: string[] = []
  for (const [index, { owners, blocks }] of plan.entries()) {
    const known = [...new Set(owners.map(owner => owner % Math.max(1, index)))].filter(owner => owner < index && owners.length > 0)
    const ownerReferences = known.map(owner => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      name: `m${owner}`,
      uid: uids[owner],
      blockOwnerDeletion: blocks,
    }))
    const created = await api.ok('POST', maps, configMap(`m${index}`, { ownerReferences }))
    uids.push(created.metadata.uid)
  }
}

describe('garbage collection', () => {
  it('leaves no object behind whose owners are gone, and none waiting for ever', async () => {
    await fc.assert(
      fc.asyncProperty(plans, deletions, async (plan, removed) => {
        await using api = await ApiUnderTest.start()
        await grow(api, plan)
        for (const { at, policy } of removed) await api.send('DELETE', `${maps}/m${at % plan.length}`, { propagationPolicy: policy })
        await api.until(async () => {
          const { items } = await api.list(maps)
          const living = new Set(items.map(({ metadata }) => metadata.uid))
          const isSettled = items.every(
            ({ metadata }) =>
              metadata.deletionTimestamp === undefined && (metadata.ownerReferences ?? []).every(({ uid }) => living.has(uid)),
          )
          return isSettled
        })
        const names = (await api.list(maps)).items.map(({ metadata }) => metadata.name)
        // What nobody deleted and nobody owns is never touched.
        const asked = new Set(removed.map(({ at }) => at % plan.length))
        for (const [index, { owners }] of plan.entries()) {
          if (!asked.has(index) && (owners.length === 0 || index === 0)) expect(names).toContain(`m${index}`)
        }
      }),
      { numRuns: 40 },
    )
  })
})
