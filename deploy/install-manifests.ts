import { type Document, parseAllDocuments } from 'yaml'

/** What Helm alone reads, by its place in an object. */
const ofHelm = [
  ['metadata', 'labels', 'helm.sh/chart'],
  ['metadata', 'labels', 'app.kubernetes.io/managed-by'],
  ['metadata', 'annotations', 'helm.sh/resource-policy'],
]

const namespace = `apiVersion: v1
kind: Namespace
metadata:
  name: berth-system
  labels:
    app.kubernetes.io/part-of: berth
    pod-security.kubernetes.io/enforce: restricted
`

const kustomization = `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
# The namespace is part of a name that API server and webhooks compare: for another one render the chart.
resources:
  - namespace.yaml
  - crds.yaml
  - controller.yaml
  - webhooks.yaml
`

/**
 * From a rendering of the chart: `install.yaml` for `kubectl apply`, and the files of a kustomize base, by their path below `deploy/`.
 *
 * @param header a comment that every file begins with
 */
export function installManifests(rendered: string, header: string): ReadonlyMap<string, string> {
  const parts = new Map<string, string[]>([
    ['crds', []],
    ['controller', []],
    ['webhooks', []],
  ])
  for (const document of parseAllDocuments(rendered) as Document.Parsed[]) {
    if (document.contents === null) continue
    withoutHelm(document)
    const isDefinition = document.get('kind') === 'CustomResourceDefinition'
    const part = isDefinition ? 'crds' : String(document.getIn(['metadata', 'labels', 'app.kubernetes.io/component']))
    const texts = parts.get(part)
    if (texts === undefined) throw new Error(`${String(document.getIn(['metadata', 'name']))} belongs to no known component: ${part}`)
    texts.push(document.toString({ lineWidth: 0, directives: false, flowCollectionPadding: false }))
  }
  const stream = (texts: readonly string[]): string => [header, texts.join('---\n')].join('')
  return new Map([
    ['install.yaml', stream([namespace, ...[...parts.values()].flat()])],
    ['kustomize/base/kustomization.yaml', stream([kustomization])],
    ['kustomize/base/namespace.yaml', stream([namespace])],
    ...[...parts].map(([part, texts]) => [`kustomize/base/${part}.yaml`, stream(texts)] as const),
  ])
}

function withoutHelm(document: Document.Parsed): void {
  document.commentBefore = null
  if (document.contents !== null) document.contents.commentBefore = null
  for (const path of ofHelm) if (document.hasIn(path)) document.deleteIn(path)
  const annotations = document.getIn(['metadata', 'annotations'])
  if (JSON.stringify(annotations) === '{}') document.deleteIn(['metadata', 'annotations'])
}
