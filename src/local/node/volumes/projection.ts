import type { DeepReadonly } from '../../../kube/object.ts'
import type { DownwardAPIVolumeFile, KeyToPath, Volume, VolumeProjection } from '../../../apis/core/types.generated.ts'
import type { ConfigSource } from '../env/container-env.ts'
import { fieldValue, type PodPlace } from '../env/field-ref.ts'
import { resourceValue, type NodeCapacity } from '../env/resource-field.ts'
import { messageOf, NodeError } from '../node-error.ts'
import type { PodObject } from '../pods/container-state.ts'
import type { ProjectedFile, ProjectedFiles } from './atomic-folder.ts'

export interface ProjectionContext {
  readonly pod: PodObject
  readonly place: PodPlace
  readonly capacity: NodeCapacity
  readonly config: ConfigSource
  /** A token of the pod's service account for one audience (the API server's own when empty). */
  token(audience: string, expirationSeconds: number): Promise<string>
  /** The API server's CA in PEM, for pods whose namespace has no `kube-root-ca.crt` (yet). */
  readonly ca: string
}

/** Kubernetes' default permission of projected files. */
const defaultFileMode = 0o644
const rootCA = 'kube-root-ca.crt'

/**
 * The files of a configMap, secret, downwardAPI or projected volume; undefined for every other kind of volume.
 * @throws NodeError VOLUME when something that is not optional is missing.
 */
export async function projectedFiles(volume: DeepReadonly<Volume>, context: ProjectionContext): Promise<ProjectedFiles | undefined> {
  const sources = sourcesOf(volume)
  if (sources === undefined) return undefined
  const files = new Map<string, ProjectedFile>()
  for (const source of sources.list) {
    for (const [path, file] of await sourceFiles(source, sources.mode, context)) files.set(path, file)
  }
  return files
}

function sourcesOf(volume: DeepReadonly<Volume>): { list: readonly DeepReadonly<VolumeProjection>[]; mode: number } | undefined {
  const { configMap, secret, downwardAPI, projected } = volume
  if (configMap !== undefined) return { list: [{ configMap }], mode: configMap.defaultMode ?? defaultFileMode }
  if (secret !== undefined) {
    const { secretName, defaultMode, ...rest } = secret
    return {
      list: [{ secret: { ...rest, ...(secretName === undefined ? {} : { name: secretName }) } }],
      mode: defaultMode ?? defaultFileMode,
    }
  }
  if (downwardAPI !== undefined) return { list: [{ downwardAPI }], mode: downwardAPI.defaultMode ?? defaultFileMode }
  if (projected !== undefined) return { list: projected.sources ?? [], mode: projected.defaultMode ?? defaultFileMode }
  return undefined
}

async function sourceFiles(source: DeepReadonly<VolumeProjection>, mode: number, context: ProjectionContext): Promise<ProjectedFiles> {
  const namespace = context.pod.metadata.namespace ?? 'default'
  if (source.configMap !== undefined) {
    const { name = '', items, optional } = source.configMap
    const found = await context.config.configMap(namespace, name)
    if (found === undefined && name === rootCA) return pick(new Map([['ca.crt', context.ca]]), items, mode, false, `configmap "${name}"`)
    if (found === undefined) return missing(optional, `configmap "${name}" not found`)
    const data = new Map<string, string | Uint8Array>(Object.entries(found.data ?? {}))
    for (const [key, value] of Object.entries(found.binaryData ?? {})) data.set(key, Buffer.from(value, 'base64'))
    return pick(data, items, mode, optional ?? false, `configmap references non-existent config key`)
  }
  if (source.secret !== undefined) {
    const { name = '', items, optional } = source.secret
    const found = await context.config.secret(namespace, name)
    if (found === undefined) return missing(optional, `secret "${name}" not found`)
    const data = new Map<string, Uint8Array>()
    for (const [key, value] of Object.entries(found.data ?? {})) data.set(key, Buffer.from(value, 'base64'))
    return pick(data, items, mode, optional ?? false, `references non-existent secret key`)
  }
  if (source.downwardAPI !== undefined) {
    const files = new Map<string, ProjectedFile>()
    for (const item of source.downwardAPI.items ?? [])
      files.set(item.path, { content: downwardValue(item, context), mode: item.mode ?? mode })
    return files
  }
  if (source.serviceAccountToken !== undefined) {
    const { audience = '', expirationSeconds = 3600, path } = source.serviceAccountToken
    return new Map([[path, { content: await context.token(audience, expirationSeconds), mode }]])
  }
  throw new NodeError('VOLUME', `the embedded node does not know the projection ${Object.keys(source).join(', ')}`)
}

function downwardValue(item: DeepReadonly<DownwardAPIVolumeFile>, context: ProjectionContext): string {
  const { pod, place, capacity } = context
  try {
    if (item.fieldRef !== undefined) return fieldValue(pod, item.fieldRef.fieldPath, place)
    const [first] = pod.spec?.containers ?? []
    if (item.resourceFieldRef !== undefined && first !== undefined) return resourceValue(pod, first, item.resourceFieldRef, capacity)
  } catch (error) {
    throw new NodeError('VOLUME', messageOf(error), { cause: error })
  }
  return ''
}

function missing(optional: boolean | undefined, message: string): ProjectedFiles {
  if (optional === true) return new Map()
  throw new NodeError('VOLUME', message)
}

/** All keys, or those that `items` names under the paths it gives them. */
function pick(
  data: ReadonlyMap<string, string | Uint8Array>,
  items: readonly DeepReadonly<KeyToPath>[] | undefined,
  mode: number,
  optional: boolean,
  complaint: string,
): ProjectedFiles {
  const files = new Map<string, ProjectedFile>()
  if (items === undefined) {
    for (const [key, content] of data) files.set(key, { content, mode })
    return files
  }
  for (const item of items) {
    const content = data.get(item.key)
    if (content !== undefined) files.set(item.path, { content, mode: item.mode ?? mode })
    else if (!optional) throw new NodeError('VOLUME', `${complaint}: ${item.key}`)
  }
  return files
}
