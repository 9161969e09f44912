import { describe, expect, it } from 'vitest'
import { ApiUnderTest, definition, definitions, mergePatch, pod, pods, room, rooms, strategicPatch } from '../testing/api-under-test.ts'

describe('status and scale', () => {
  it('keep spec and status apart', async () => {
    await using api = await ApiUnderTest.start()
    await api.ok('POST', definitions, definition())
    const created = await api.ok('POST', rooms, { ...room('r'), status: { seats: 9 } })
    expect(created).toMatchObject({ metadata: { generation: 1 }, spec: { map: 'dust', seats: 4 } })
    expect(created).not.toHaveProperty('status')
    const reported = await api.ok('PATCH', `${rooms}/r/status`, { spec: { map: 'x' }, status: { seats: 2 } }, mergePatch)
    expect(reported).toMatchObject({ metadata: { generation: 1 }, spec: { map: 'dust' }, status: { seats: 2 } })
    const changed = await api.ok('PATCH', `${rooms}/r`, { spec: { map: 'inferno' }, status: { seats: 5 } }, mergePatch)
    expect(changed).toMatchObject({ metadata: { generation: 2 }, spec: { map: 'inferno' }, status: { seats: 2 } })
  })

  it('scale by the paths of the definition', async () => {
    await using api = await ApiUnderTest.start()
    await api.ok('POST', definitions, definition())
    await api.ok('POST', rooms, room('r'))
    await api.ok('PATCH', `${rooms}/r/status`, { status: { seats: 3, selector: 'room=r' } }, mergePatch)
    expect(await api.ok('GET', `${rooms}/r/scale`)).toMatchObject({
      kind: 'Scale',
      spec: { replicas: 4 },
      status: { replicas: 3, selector: 'room=r' },
    })
    await api.ok('PATCH', `${rooms}/r/scale`, { spec: { replicas: 8 } }, mergePatch)
    expect(await api.ok('GET', `${rooms}/r`)).toMatchObject({ spec: { seats: 8 }, metadata: { generation: 2 } })
    const refusal = await api.refused('PATCH', `${rooms}/r/scale`, { spec: { replicas: -1 } }, mergePatch)
    expect(refusal.message).toBe(
      'Room.example.com "r" is invalid: [spec.seats: Invalid value: -1: spec.seats in body should be greater than or equal to 0, .spec.seats: Invalid value: -1: should be a non-negative integer]',
    )
  })

  it('let pods/status change labels and annotations too', async () => {
    await using api = await ApiUnderTest.start()
    await api.ok('POST', pods, pod('p'))
    const changed = await api.ok(
      'PATCH',
      `${pods}/p/status`,
      { metadata: { labels: { a: 'b' } }, status: { phase: 'Running' } },
      strategicPatch,
    )
    expect(changed).toMatchObject({ metadata: { labels: { a: 'b' } }, status: { phase: 'Running' } })
  })
})

describe('pods', () => {
  it('are bound once, deleted gracefully, and evicted within their budget', async () => {
    await using api = await ApiUnderTest.start()
    await api.ok('POST', pods, pod('p', {}, { labels: { app: 'x' } }))
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'p' }, target: { kind: 'Node', name: 'n1' } }
    await api.ok('POST', `${pods}/p/binding`, binding)
    expect(await api.ok('GET', `${pods}/p`)).toMatchObject({
      spec: { nodeName: 'n1' },
      status: { conditions: [{ type: 'PodScheduled', status: 'True' }] },
    })
    const twice = await api.refused('POST', `${pods}/p/binding`, binding)
    expect(twice.message).toBe('Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n1"')
    await api.ok('PATCH', `${pods}/p/status`, { status: { conditions: [{ type: 'Ready', status: 'True' }] } }, strategicPatch)
    const budget = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'b' },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'x' } } },
    }
    await api.ok('POST', '/apis/policy/v1/namespaces/default/poddisruptionbudgets', budget)
    expect(
      await api.refused('POST', `${pods}/p/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } }),
    ).toMatchObject({ code: 429, reason: 'TooManyRequests' })
    const marked = await api.ok('DELETE', `${pods}/p`)
    expect(marked.metadata).toMatchObject({ deletionGracePeriodSeconds: 30 })
    await api.ok('DELETE', `${pods}/p`, { gracePeriodSeconds: 0 })
    expect(await api.exists(`${pods}/p`)).toBe(false)
  })

  it('without a node vanish at once', async () => {
    await using api = await ApiUnderTest.start()
    await api.ok('POST', pods, pod('p'))
    await api.ok('DELETE', `${pods}/p`)
    expect(await api.exists(`${pods}/p`)).toBe(false)
  })
})
