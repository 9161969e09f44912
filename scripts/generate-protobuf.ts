// Generates src/local/apiserver/protobuf/fields.generated.json from the Go modules k8s.io/api and k8s.io/apimachinery:
//   node scripts/generate-protobuf.ts API_DIR APIMACHINERY_DIR
// Numbers and types come from the generated.proto files; from the Go structs comes what protobuf does not say:
// which members JSON inlines, and which keep a zero value because the Go field is a pointer or has no omitempty.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The kinds that Kubernetes clients send as protobuf, by package. */
const kinds: Record<string, { groupVersion: string; kinds: string[] }> = {
  'core/v1': {
    groupVersion: 'v1',
    kinds: [
      'Binding',
      'ConfigMap',
      'Endpoints',
      'Event',
      'Namespace',
      'Node',
      'PersistentVolume',
      'PersistentVolumeClaim',
      'Pod',
      'PodTemplate',
      'ReplicationController',
      'ResourceQuota',
      'LimitRange',
      'Secret',
      'Service',
      'ServiceAccount',
    ],
  },
  'apps/v1': { groupVersion: 'apps/v1', kinds: ['ControllerRevision', 'DaemonSet', 'Deployment', 'ReplicaSet', 'StatefulSet'] },
  'authentication/v1': { groupVersion: 'authentication.k8s.io/v1', kinds: ['SelfSubjectReview', 'TokenRequest', 'TokenReview'] },
  'authorization/v1': {
    groupVersion: 'authorization.k8s.io/v1',
    kinds: ['LocalSubjectAccessReview', 'SelfSubjectAccessReview', 'SelfSubjectRulesReview', 'SubjectAccessReview'],
  },
  'autoscaling/v1': { groupVersion: 'autoscaling/v1', kinds: ['Scale'] },
  'autoscaling/v2': { groupVersion: 'autoscaling/v2', kinds: ['HorizontalPodAutoscaler'] },
  'batch/v1': { groupVersion: 'batch/v1', kinds: ['CronJob', 'Job'] },
  'coordination/v1': { groupVersion: 'coordination.k8s.io/v1', kinds: ['Lease'] },
  'discovery/v1': { groupVersion: 'discovery.k8s.io/v1', kinds: ['EndpointSlice'] },
  'events/v1': { groupVersion: 'events.k8s.io/v1', kinds: ['Event'] },
  'networking/v1': { groupVersion: 'networking.k8s.io/v1', kinds: ['Ingress', 'IngressClass', 'NetworkPolicy'] },
  'policy/v1': { groupVersion: 'policy/v1', kinds: ['Eviction', 'PodDisruptionBudget'] },
  'rbac/v1': { groupVersion: 'rbac.authorization.k8s.io/v1', kinds: ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'] },
  'scheduling/v1': { groupVersion: 'scheduling.k8s.io/v1', kinds: ['PriorityClass'] },
  'storage/v1': { groupVersion: 'storage.k8s.io/v1', kinds: ['StorageClass'] },
  'admissionregistration/v1': {
    groupVersion: 'admissionregistration.k8s.io/v1',
    kinds: ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'],
  },
}
const metaPackage = 'pkg/apis/meta/v1'
const metaKinds = ['DeleteOptions']

/** Messages whose JSON form is not an object of their fields. */
const special: Record<string, string> = {
  '.k8s.io.apimachinery.pkg.apis.meta.v1.Time': 'time',
  '.k8s.io.apimachinery.pkg.apis.meta.v1.MicroTime': 'microTime',
  '.k8s.io.apimachinery.pkg.apis.meta.v1.FieldsV1': 'raw',
  '.k8s.io.apimachinery.pkg.runtime.RawExtension': 'raw',
  '.k8s.io.apimachinery.pkg.api.resource.Quantity': 'quantity',
  '.k8s.io.apimachinery.pkg.util.intstr.IntOrString': 'intOrString',
}

interface ProtoField {
  number: number
  name: string
  type: string
  repeated: boolean
  map: boolean
}

const [apiDir, machineryDir] = process.argv.slice(2)
if (apiDir === undefined || machineryDir === undefined) {
  console.error('usage: node scripts/generate-protobuf.ts API_DIR APIMACHINERY_DIR')
  process.exit(2)
}

const messages = new Map<string, ProtoField[]>()
/** By package-qualified struct and field number: what the Go field says. */
const goFields = new Map<string, Map<number, { name: string; inline: boolean; keepsZero: boolean }>>()
const sliceTypes = new Set<string>()

function readProto(file: string): string {
  const text = readFileSync(file, 'utf8')
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/\/\/.*$/gm, '')
  const pkg = /^package ([\w.]+);/m.exec(text)?.[1] ?? ''
  for (const [, name = '', body = ''] of text.matchAll(/^message (\w+) \{([\s\S]*?)^\}/gm)) {
    const fields: ProtoField[] = []
    for (const [, label, type = '', fieldName = '', number] of body.matchAll(
      /^\s*(optional|repeated)?\s*(map<\w+, [\w.]+>|[\w.]+) (\w+) = (\d+);/gm,
    )) {
      const mapValue = /^map<\w+, ([\w.]+)>$/.exec(type)?.[1]
      fields.push({
        number: Number(number),
        name: fieldName,
        type: qualified(mapValue ?? type, pkg),
        repeated: label === 'repeated',
        map: mapValue !== undefined,
      })
    }
    messages.set(`.${pkg}.${name}`, fields)
  }
  return pkg
}

const scalars = new Set(['string', 'bool', 'bytes', 'int32', 'int64', 'uint32', 'uint64', 'double'])
const qualified = (type: string, pkg: string) => (scalars.has(type) || type.startsWith('.') ? type : `.${pkg}.${type}`)

function readGo(file: string, pkg: string): void {
  const text = readFileSync(file, 'utf8')
  for (const [, name = ''] of text.matchAll(/^type (\w+) \[\]/gm)) sliceTypes.add(`.${pkg}.${name}`)
  for (const [, name = '', body = ''] of text.matchAll(/^type (\w+) struct \{([\s\S]*?)^\}/gm)) {
    const fields = new Map<number, { name: string; inline: boolean; keepsZero: boolean }>()
    for (const line of body.split('\n')) {
      const json = /json:"([^"]*)"/.exec(line)?.[1]
      const number = /protobuf:"\w+,(\d+),/.exec(line)?.[1]
      if (json === undefined || number === undefined) continue
      const [jsonName = '', ...options] = json.split(',')
      const isPointer = /^\s*\w+\s+\*/.test(line)
      fields.set(Number(number), {
        name: jsonName,
        inline: options.includes('inline'),
        keepsZero: isPointer || !options.includes('omitempty'),
      })
    }
    goFields.set(`.${pkg}.${name}`, fields)
  }
}

for (const dir of [...Object.keys(kinds).map(name => join(apiDir, name)), join(machineryDir, metaPackage)]) {
  readGo(join(dir, 'types.go'), readProto(join(dir, 'generated.proto')))
}

/** `.k8s.io.api.core.v1.Pod` → `core.v1.Pod` */
const short = (id: string) => id.replace(/^\.k8s\.io\.(api|apimachinery\.pkg\.apis)\./, '')

type Row = [number: number, name: string, type: string, flags?: string]
const out: Record<string, Row[]> = {}

function emit(id: string): void {
  const key = short(id)
  if (key in out) return
  const fields = messages.get(id)
  if (fields === undefined) throw new Error(`no message ${id}`)
  const rows: Row[] = []
  out[key] = rows
  for (const field of fields) {
    const go = goFields.get(id)?.get(field.number)
    if (go === undefined) continue
    const isSlice = sliceTypes.has(field.type)
    const flags = [field.repeated ? 'r' : '', field.map ? 'm' : '', go.inline ? 'i' : '', go.keepsZero ? 'z' : ''].join('')
    const type = isSlice ? 'strings' : (special[field.type] ?? (scalars.has(field.type) ? field.type : short(field.type)))
    rows.push(flags === '' ? [field.number, go.name || field.name, type] : [field.number, go.name || field.name, type, flags])
    if (!isSlice && !(field.type in special) && !scalars.has(field.type)) emit(field.type)
  }
}

const roots: Record<string, string> = {}
for (const [dir, entry] of Object.entries(kinds)) {
  for (const kind of entry.kinds) {
    const id = `.k8s.io.api.${dir.replace('/', '.')}.${kind}`
    emit(id)
    roots[`${entry.groupVersion}/${kind}`] = short(id)
  }
}
const options: Record<string, string> = {}
for (const kind of metaKinds) {
  const id = `.k8s.io.apimachinery.pkg.apis.meta.v1.${kind}`
  emit(id)
  options[kind] = short(id)
}
writeFileSync(
  new URL('../src/local/apiserver/protobuf/fields.generated.json', import.meta.url),
  `${JSON.stringify({ kinds: roots, options, messages: out })}\n`,
)
