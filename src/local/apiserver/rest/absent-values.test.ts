import { expect, it } from 'vitest'
import { builtinSchema } from '../../../apis/core/schemas.ts'
import { dropAbsentValues } from './absent-values.ts'

const schemaOf = (kind: string) => builtinSchema({ group: '', version: 'v1', kind }) ?? {}

it.each([
  [
    'Pod',
    {
      spec: {
        restartPolicy: '',
        nodeName: '',
        volumes: null,
        containers: [{ name: 'a', imagePullPolicy: '', env: [{ name: 'X', value: '' }] }],
      },
    },
    { spec: { containers: [{ name: 'a', env: [{ name: 'X', value: '' }] }] } },
  ],
  ['Service', { spec: { type: '', clusterIP: '', ports: [{ port: 1, protocol: '' }] } }, { spec: { ports: [{ port: 1 }] } }],
  ['Pod', { spec: { volumes: [{ name: 'a', hostPath: { path: '/a', type: '' } }] } }, undefined],
  ['ConfigMap', { data: { a: '', type: '' } }, undefined],
  ['PersistentVolumeClaim', { spec: { storageClassName: '' } }, undefined],
])('%s %j', (kind, object, kept) => {
  const draft = structuredClone(object)
  dropAbsentValues(schemaOf(kind), draft)
  expect(draft).toEqual(kept ?? object)
})
