import { describe, expect, it } from 'vitest'
import { builtinSchema } from '../../../apis/core/schemas.ts'
import type { Draft } from '../registry.ts'
import { trackUpdate } from './ownership.ts'

const schema = builtinSchema({ group: '', version: 'v1', kind: 'Pod' }) ?? {}
const writer = (manager: string, time = '2026-01-01T00:00:00Z') => ({ manager, apiVersion: 'v1', time })

function pod(labels: Record<string, string>, image = 'nginx'): Draft {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'default', uid: 'u', labels },
    spec: { containers: [{ name: 'c', image, resources: {}, ports: [{ containerPort: 80, protocol: 'TCP' }] }] },
  } as unknown as Draft
}

describe('trackUpdate', () => {
  it('gives a created object to its creator, in the form that Kubernetes writes', () => {
    expect(trackUpdate(schema, undefined, pod({ app: 'x' }), writer('kubectl-create'))).toEqual([
      {
        manager: 'kubectl-create',
        operation: 'Update',
        apiVersion: 'v1',
        time: '2026-01-01T00:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
          'f:spec': {
            'f:containers': {
              'k:{"name":"c"}': {
                '.': {},
                'f:image': {},
                'f:name': {},
                'f:ports': { '.': {}, 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {}, 'f:protocol': {} } },
                'f:resources': {},
              },
            },
          },
        },
      },
    ])
  })

  it('moves changed fields to the writer and leaves the rest', () => {
    const live = pod({ app: 'x', keep: '1' })
    live.metadata.managedFields = trackUpdate(schema, undefined, live, writer('a'))
    const next = pod({ app: 'y', keep: '1' }, 'nginx:2')
    const [a, b] = trackUpdate(schema, live, next, writer('b', '2026-02-01T00:00:00Z'))
    expect(b).toMatchObject({ manager: 'b', time: '2026-02-01T00:00:00Z' })
    expect(b?.fieldsV1).toEqual({
      'f:metadata': { 'f:labels': { 'f:app': {} } },
      'f:spec': { 'f:containers': { 'k:{"name":"c"}': { 'f:image': {} } } },
    })
    expect(a?.fieldsV1).toMatchObject({ 'f:metadata': { 'f:labels': { 'f:keep': {} } } })
    expect(JSON.stringify(a?.fieldsV1)).not.toContain('f:app')
  })

  it('returns the stored entries when nothing owned changed', () => {
    const live = pod({ app: 'x' })
    live.metadata.managedFields = trackUpdate(schema, undefined, live, writer('a'))
    const next = { ...pod({ app: 'x' }), metadata: { ...live.metadata, resourceVersion: '9' } } as Draft
    expect(trackUpdate(schema, live, next, writer('b'))).toBe(live.metadata.managedFields)
  })

  it('keeps the time when a manager writes its own field again', () => {
    const live = pod({ app: 'x' })
    live.metadata.managedFields = trackUpdate(schema, undefined, live, writer('a'))
    const [entry] = trackUpdate(schema, live, pod({ app: 'y' }), writer('a', '2027-01-01T00:00:00Z'))
    expect(entry?.time).toBe('2026-01-01T00:00:00Z')
  })

  it('drops a manager that owns nothing any more', () => {
    const live = pod({ app: 'x' })
    live.metadata.managedFields = [
      {
        manager: 'old',
        operation: 'Update',
        apiVersion: 'v1',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:metadata': { 'f:labels': { 'f:app': {} } } },
      },
    ]
    expect(trackUpdate(schema, live, pod({ app: 'y' }), writer('b')).map(entry => entry.manager)).toEqual(['b'])
  })

  it('lets a client replace the entries, and reset them', () => {
    const live = pod({ app: 'x' })
    live.metadata.managedFields = trackUpdate(schema, undefined, live, writer('a'))
    const own = [{ ...live.metadata.managedFields[0], manager: 'renamed' }]
    expect(trackUpdate(schema, live, { ...live, metadata: { ...live.metadata, managedFields: own } }, writer('b'))).toEqual(own)
    expect(trackUpdate(schema, live, { ...live, metadata: { ...live.metadata, managedFields: [{}] } }, writer('b'))).toEqual([])
  })

  it('merges the oldest of many managers', () => {
    let live = pod({})
    for (let n = 0; n < 15; n++) {
      const next = pod({ ...live.metadata.labels, [`l${n}`]: 'x' })
      const managedFields = trackUpdate(schema, live, next, writer(`m${n}`, `2026-01-01T00:00:${10 + n}Z`))
      live = { ...next, metadata: { ...next.metadata, managedFields } }
    }
    expect(live.metadata.managedFields).toHaveLength(10)
    expect(live.metadata.managedFields?.some(entry => entry.manager === 'ancient-changes')).toBe(true)
  })
})
