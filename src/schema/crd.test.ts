import { expect, test } from 'vitest'
import { s } from './builder.ts'
import type { Infer } from './builder.ts'
import { customResourceDefinition } from './crd.ts'
import { invalidStatus } from './status.ts'

const schema = s.object({
  spec: s.object({ replicas: s.int32({ minimum: 0 }), names: s.optional(s.list(s.string())) }, { description: 'What is wanted.' }),
  status: s.optional(s.object({ ready: s.int32() })),
})

test('a kind becomes a plain CustomResourceDefinition', () => {
  const value: Infer<typeof schema> = { spec: { replicas: 1 } }
  expect(value.spec.names).toBeUndefined()
  const crd = customResourceDefinition({
    group: 'example.dev',
    version: 'v1',
    kind: 'Room',
    plural: 'rooms',
    shortNames: ['rm'],
    scope: 'Namespaced',
    schema,
    status: true,
    scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.ready' },
    columns: [{ name: 'READY', type: 'integer', jsonPath: '.status.ready' }],
  })
  expect(JSON.parse(JSON.stringify(crd))).toEqual(crd)
  expect(crd).toMatchObject({
    metadata: { name: 'rooms.example.dev' },
    spec: {
      names: { kind: 'Room', listKind: 'RoomList', plural: 'rooms', singular: 'room', shortNames: ['rm'] },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              required: ['spec'],
              properties: {
                apiVersion: { type: 'string' },
                spec: {
                  required: ['replicas'],
                  description: 'What is wanted.',
                  properties: { replicas: { type: 'integer', format: 'int32', minimum: 0 } },
                },
              },
            },
          },
          subresources: { status: {}, scale: { specReplicasPath: '.spec.replicas' } },
          additionalPrinterColumns: [{ name: 'READY', type: 'integer', jsonPath: '.status.ready' }],
        },
      ],
    },
  })
})

test('a refusal reads as Kubernetes composes it', () => {
  const one = invalidStatus({ group: 'game.kruise.io', kind: 'GameServerSet' }, 'x', [
    { type: 'FieldValueRequired', field: 'spec.replicas', detail: '' },
  ])
  expect(one.message).toBe('GameServerSet.game.kruise.io "x" is invalid: spec.replicas: Required value')
  expect(one.details).toEqual({
    name: 'x',
    group: 'game.kruise.io',
    kind: 'GameServerSet',
    causes: [{ reason: 'FieldValueRequired', message: 'Required value', field: 'spec.replicas' }],
  })
  const two = invalidStatus({ group: '', kind: 'Pod' }, 'p', [
    { type: 'FieldValueInvalid', field: 'spec.a', value: 'v', detail: 'no' },
    { type: 'FieldValueForbidden', field: 'spec.b', detail: 'never' },
    { type: 'FieldValueForbidden', field: 'spec.b', detail: 'never' },
  ])
  expect(two.message).toBe('Pod "p" is invalid: [spec.a: Invalid value: "v": no, spec.b: Forbidden: never]')
  expect(two.details.causes).toHaveLength(3)
})
