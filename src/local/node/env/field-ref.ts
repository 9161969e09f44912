import { NodeError } from '../node-error.ts'
import type { PodObject } from '../pods/container-state.ts'

/** What a pod learns from its node, beside its own object. */
export interface PodPlace {
  readonly hostIP: string
  readonly podIPs: readonly string[]
}

/**
 * The value of a downward-API field. Source of the list: `ObjectFieldSelector` in the Kubernetes API.
 * @throws NodeError CONFIG_REFERENCE for a path that the downward API does not have.
 */
export function fieldValue(pod: PodObject, fieldPath: string, place: PodPlace): string {
  const { metadata, spec } = pod
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(fieldPath)
  if (subscript !== null) {
    const map = subscript[1] === 'labels' ? metadata.labels : metadata.annotations
    return map?.[subscript[2] ?? ''] ?? ''
  }
  switch (fieldPath) {
    case 'metadata.name':
      return metadata.name
    case 'metadata.namespace':
      return metadata.namespace ?? ''
    case 'metadata.uid':
      return metadata.uid
    case 'metadata.labels':
      return formatMap(metadata.labels ?? {})
    case 'metadata.annotations':
      return formatMap(metadata.annotations ?? {})
    case 'spec.nodeName':
      return spec?.nodeName ?? ''
    case 'spec.serviceAccountName':
      return spec?.serviceAccountName ?? ''
    case 'status.hostIP':
      return place.hostIP
    case 'status.hostIPs':
      return place.hostIP
    case 'status.podIP':
      return place.podIPs[0] ?? ''
    case 'status.podIPs':
      return place.podIPs.join(',')
    default:
      throw new NodeError('CONFIG_REFERENCE', `unsupported fieldPath: ${fieldPath}`)
  }
}

/** Labels or annotations as the lines of a downward-API file: sorted, values quoted as Go's `%q` does. */
export function formatMap(map: Readonly<Record<string, string>>): string {
  return Object.keys(map)
    .toSorted()
    .map(key => `${key}=${quote(map[key] ?? '')}`)
    .join('\n')
}

const escapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\v': '\\v',
}

/** A string in Go syntax. Printable Unicode stays as it is. */
export function quote(text: string): string {
  // Control characters are the point of this expression.
  // oxlint-disable-next-line no-control-regex
  const escaped = text.replace(/["\\\u0000-\u001f\u007f]/g, character => {
    return escapes[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
  return `"${escaped}"`
}
