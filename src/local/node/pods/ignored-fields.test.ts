import { expect, test } from 'vitest'
import type { PodSpec } from '../../../apis/core/types.generated.ts'
import { ignoredFields } from './ignored-fields.ts'

const ignored = (spec: PodSpec) =>
  ignoredFields({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec,
  })

test('an ordinary game server loses nothing', () => {
  expect(
    ignored({
      securityContext: {},
      hostPID: false,
      volumes: [{ name: 'v', emptyDir: {} }],
      containers: [
        { name: 'main', resources: { limits: { cpu: '1' } }, securityContext: {}, terminationMessagePath: '/dev/termination-log' },
      ],
    }),
  ).toEqual([])
})

test('what is not done is named', () => {
  expect(
    ignored({
      securityContext: { fsGroup: 2000 },
      shareProcessNamespace: true,
      activeDeadlineSeconds: 5,
      initContainers: [{ name: 'setup', securityContext: { privileged: true, runAsUser: 0 } }],
      containers: [{ name: 'main', terminationMessagePath: '/tmp/why' }],
      volumes: [{ name: 'fast', emptyDir: { medium: 'Memory' } }],
    }),
  ).toEqual([
    'spec.activeDeadlineSeconds',
    'spec.shareProcessNamespace',
    'spec.securityContext.fsGroup',
    'spec.initContainers{setup}.securityContext.privileged',
    'spec.initContainers{setup}.securityContext.runAsUser',
    'spec.containers{main}.terminationMessagePath',
    'spec.volumes{fast}.emptyDir.medium',
  ])
})
