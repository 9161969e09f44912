import { expect, test } from 'vitest'
import { dropNulls } from '../../schema/nulls.ts'
import { prune } from '../../schema/prune.ts'
import { fieldErrorText } from '../../schema/status.ts'
import { validate } from '../../schema/validate.ts'
import * as resources from './resources.generated.ts'
import { builtinSchema } from './schemas.ts'

const podSchema = builtinSchema({ group: '', version: 'v1', kind: 'Pod' })!
const pod = () => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a', creationTimestamp: null, labels: { app: 'x' } },
  spec: {
    containers: [
      {
        name: 'game',
        image: 'g:1',
        ports: [{ containerPort: 80 }, { containerPort: 80 }],
        resources: { limits: { cpu: 1, memory: '1Gi' } },
        readinessProbe: { httpGet: { port: 'http', path: '/' } },
        env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
      },
    ],
    volumes: [{ name: 'v', emptyDir: {} }],
  },
})

test('every served kind has a schema', () => {
  for (const type of Object.values(resources)) expect(builtinSchema(type), type.kind).toBeDefined()
  expect(builtinSchema({ group: 'x', version: 'v1', kind: 'Pod' })).toBeUndefined()
  expect(builtinSchema({ group: '', version: 'v1', kind: 'Pod' })).toBe(podSchema)
})

test('a pod passes, its mistakes are named', () => {
  const good = pod()
  dropNulls(podSchema, good)
  expect(good.metadata).toEqual({ name: 'a', labels: { app: 'x' } })
  expect(prune(podSchema, good)).toEqual([])
  expect(validate(podSchema, good, undefined, { duplicates: false })).toEqual([])

  const bad = { ...pod(), spec: { containers: [{ image: 3, foo: 1, resources: { limits: { cpu: 'lots' } } }], restartPolicy: 'Sometimes' } }
  expect(prune(podSchema, bad)).toEqual(['spec.containers[0].foo'])
  dropNulls(podSchema, bad)
  expect(validate(podSchema, bad).map(fieldErrorText)).toEqual([
    'spec.containers[0].name: Required value',
    'spec.containers[0].image: Invalid value: "integer": spec.containers[0].image in body must be of type string: "integer"',
    expect.stringMatching(/^spec.containers\[0\].resources.limits.cpu: Invalid value: "lots": quantities must match/),
    'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"',
  ])
})

test('free-form parts are kept', () => {
  const crd = builtinSchema({ group: 'apiextensions.k8s.io', version: 'v1', kind: 'CustomResourceDefinition' })!
  const object = {
    spec: {
      versions: [
        { schema: { openAPIV3Schema: { type: 'object', properties: { a: { items: { default: { x: 1 }, type: 'object' } } }, nope: 1 } } },
      ],
    },
  }
  expect(prune(crd, object)).toEqual(['spec.versions[0].schema.openAPIV3Schema.nope'])
  const revision = builtinSchema({ group: 'apps', version: 'v1', kind: 'ControllerRevision' })!
  expect(prune(revision, { data: { spec: { anything: [1] } }, revision: 1 })).toEqual([])
})

test('a pod is validated fast', () => {
  const object = pod()
  dropNulls(podSchema, object)
  for (let at = 0; at < 2_000; at++) validate(podSchema, object)
  const start = performance.now()
  const rounds = 2_000
  for (let at = 0; at < rounds; at++) validate(podSchema, object)
  expect((performance.now() - start) / rounds).toBeLessThan(0.2)
})
