import { describe, expect, test } from 'vitest'
import { kept } from './kept.ts'

const object = () => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name: 'a',
    uid: 'u',
    resourceVersion: '1',
    creationTimestamp: '',
    managedFields: [{ manager: 'kubectl', operation: 'Update' as const, apiVersion: 'v1' }],
  },
})

describe('kept', () => {
  test('drops who wrote which field, in the object itself', () => {
    const one = object()
    expect(kept(one)).toBe(one)
    expect(one.metadata).toEqual({ ...object().metadata, managedFields: undefined })
  })

  test('leaves alone what others share', () => {
    const one = object()
    Object.freeze(one.metadata)
    expect(kept(one)).toEqual(object())
  })
})
