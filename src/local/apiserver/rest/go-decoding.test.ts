import { describe, expect, it } from 'vitest'
import { builtinSchema } from '../../../apis/core/schemas.ts'
import { decodingError } from './go-decoding.ts'

function answer(apiVersion: string, kind: string, object: unknown): string | undefined {
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  const schema = builtinSchema({ group, version, kind })
  if (schema === undefined) throw new Error(`no schema of ${kind}`)
  return decodingError(schema, object)
}

const container = (more: object) => ({ spec: { containers: [{ name: 'a', ...more }] } })
const field = (given: string, into: string, type: string) => `json: cannot unmarshal ${given} into Go struct field ${into} of type ${type}`
const quantities = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

// What encoding/json and the types of k8s.io/api say to the same objects.
describe('decoding of built-in kinds', () => {
  it.each([
    ['v1', 'Pod', container({ image: 5 }), field('number', 'Container.spec.containers.image', 'string')],
    ['v1', 'Pod', container({ tty: 'yes' }), field('string', 'Container.spec.containers.tty', 'bool')],
    ['v1', 'Pod', container({ env: [{ name: 'x', value: true }] }), field('bool', 'EnvVar.spec.containers.env.value', 'string')],
    ['v1', 'Pod', container({ args: 'x' }), field('string', 'Container.spec.containers.args', '[]string')],
    ['v1', 'Pod', container({ ports: [{ containerPort: 70_000_000_000 }] }), /number 70000000000 into .*containerPort of type int32$/],
    ['v1', 'Pod', container({ resources: { limits: { cpu: 'much' } } }), quantities],
    ['v1', 'Pod', container({ resources: { limits: { cpu: true } } }), quantities],
    ['v1', 'Pod', container({ resources: { limits: 3 } }), /number into .*ResourceRequirements.*limits of type v1.ResourceList$/],
    ['v1', 'Pod', { spec: { containers: {} } }, field('object', 'PodSpec.spec.containers', '[]v1.Container')],
    ['v1', 'Pod', { spec: [] }, field('array', 'Pod.spec', 'v1.PodSpec')],
    ['v1', 'Pod', { metadata: { labels: { a: 5 } } }, field('number', 'ObjectMeta.metadata.labels', 'string')],
    ['v1', 'Pod', { metadata: { creationTimestamp: 'now' } }, /^parsing time "now" as "2006-01-02T15:04:05Z07:00"/],
    ['apps/v1', 'Deployment', { spec: { replicas: '3' } }, field('string', 'DeploymentSpec.spec.replicas', 'int32')],
    ['apps/v1', 'Deployment', { spec: { replicas: 1.5 } }, field('number 1.5', 'DeploymentSpec.spec.replicas', 'int32')],
    ['v1', 'Service', { spec: { ports: [{ port: 1, targetPort: {} }] } }, field('object', 'ServicePort.spec.ports.targetPort', 'int32')],
    ['v1', 'ConfigMap', { data: ['a'] }, field('array', 'ConfigMap.data', 'map[string]string')],
    ['v1', 'Secret', { data: { a: 'no base64' } }, 'illegal base64 data at input byte 2'],
    ['v1', 'Secret', { data: { a: 'abcde' } }, 'illegal base64 data at input byte 4'],
  ])('%s %s %j', (apiVersion, kind, object, text) => {
    if (text instanceof RegExp) expect(answer(apiVersion, kind, object)).toMatch(text)
    else expect(answer(apiVersion, kind, object)).toBe(text)
  })

  it.each([
    ['v1', 'Pod', container({ image: null, unknown: 5, resources: { limits: { cpu: 2, memory: ' 1Gi' } } })],
    ['v1', 'Service', { spec: { ports: [{ port: 1, targetPort: 'http' }, { targetPort: 5 }] } }],
    ['v1', 'Secret', { data: { a: '', b: 'YQ==', c: 'YWI=', d: 'YWJj' } }],
    ['v1', 'Pod', { metadata: { creationTimestamp: null, managedFields: [{ fieldsV1: { 'f:a': {} } }] } }],
  ])('takes %s %s %j', (apiVersion, kind, object) => {
    expect(answer(apiVersion, kind, object)).toBeUndefined()
  })
})
