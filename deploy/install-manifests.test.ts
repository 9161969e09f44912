import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { crdTemplates } from './crd-templates.ts'
import { installManifests } from './install-manifests.ts'

const rendered = `---
# Source: berth/templates/x.yaml
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: things
  labels:
    app.kubernetes.io/name: berth
    helm.sh/chart: berth-1
    app.kubernetes.io/managed-by: Helm
  annotations:
    helm.sh/resource-policy: keep
---
# Source: berth/templates/y.yaml
apiVersion: v1
kind: ServiceAccount
metadata:
  name: one
  labels:
    app.kubernetes.io/component: controller
  annotations:
    kept: "yes"
rules:
  # Why.
  - {verbs: [get]}
`

test('parts go to the file of their component, without what only Helm reads', () => {
  const files = installManifests(rendered, '# header\n')
  expect(files.get('kustomize/base/crds.yaml')).toBe(`# header
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: things
  labels:
    app.kubernetes.io/name: berth
`)
  expect(files.get('kustomize/base/controller.yaml')).toContain('  # Why.\n  - {verbs: [get]}\n')
  expect(files.get('kustomize/base/controller.yaml')).toContain('kept: "yes"')
  const all = parseAllDocuments(files.get('install.yaml') ?? '').map(document => String(document.get('kind')))
  expect(all).toEqual(['Namespace', 'CustomResourceDefinition', 'ServiceAccount'])
})

test('an object of no known component is not lost in silence', () => {
  expect(() => installManifests('kind: Pod\nmetadata: {name: x, labels: {app.kubernetes.io/component: other}}\n', '')).toThrow(
    'x belongs to no known',
  )
})

test('every definition becomes a template', () => {
  expect([...crdTemplates().keys()].toSorted()).toEqual([
    'fleets.agones.dev.yaml',
    'gameservers.agones.dev.yaml',
    'gameservers.game.kruise.io.yaml',
    'gameserversets.agones.dev.yaml',
    'gameserversets.game.kruise.io.yaml',
  ])
})
