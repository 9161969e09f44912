/**
 * What it takes to get from one template to another. The rule is OpenKruise's: metadata and `spec.containers[i].image` can
 * change in a running pod, everything else needs a new one.
 */
import type { ImageChange, MetadataChange, Template } from '../model.ts'

export type Difference =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'metadata'; readonly metadata: MetadataChange }
  | { readonly kind: 'images'; readonly metadata: MetadataChange; readonly images: readonly ImageChange[] }
  /** `path` is the first field that cannot change in place, such as `spec.containers[0].env[1].value`. */
  | { readonly kind: 'recreate'; readonly path: string }

export function differenceOf(from: Template, to: Template): Difference {
  const images: ImageChange[] = []
  const path = firstDifference(from.spec ?? {}, to.spec ?? {}, 'spec', imagePath => {
    const container = to.spec?.containers[imagePath]
    if (container?.image === undefined || container.image === '') return false
    images.push({ container: container.name, image: container.image })
    return true
  })
  if (path !== undefined) return { kind: 'recreate', path }
  const metadata: MetadataChange = {
    labels: mapChange(from.metadata?.labels, to.metadata?.labels),
    annotations: mapChange(from.metadata?.annotations, to.metadata?.annotations),
  }
  if (images.length > 0) return { kind: 'images', metadata, images }
  const touched = Object.keys(metadata.labels).length + Object.keys(metadata.annotations).length
  return touched > 0 ? { kind: 'metadata', metadata } : { kind: 'nothing' }
}

/** The entries to set or (undefined) to remove to turn one map into another. */
export function mapChange(
  from: Readonly<Record<string, string>> = {},
  to: Readonly<Record<string, string>> = {},
): Record<string, string | undefined> {
  const change: Record<string, string | undefined> = {}
  for (const [key, value] of Object.entries(to)) if (from[key] !== value) change[key] = value
  for (const key of Object.keys(from)) if (to[key] === undefined) change[key] = undefined
  return change
}

const CONTAINER_IMAGE = /^spec\.containers\[(\d+)\]\.image$/

function firstDifference(from: unknown, to: unknown, path: string, acceptImage: (index: number) => boolean): string | undefined {
  if (Object.is(from, to)) return undefined
  if (isAbsent(from) && isAbsent(to)) return undefined
  const image = CONTAINER_IMAGE.exec(path)
  if (image !== null && typeof to === 'string' && acceptImage(Number(image[1]))) return undefined
  if (Array.isArray(from) && Array.isArray(to)) {
    for (let i = 0; i < Math.max(from.length, to.length); i++) {
      const found = firstDifference(from[i], to[i], `${path}[${i}]`, acceptImage)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (isObject(from) && isObject(to)) {
    for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
      const found = firstDifference(from[key], to[key], /^[\w-]+$/.test(key) ? `${path}.${key}` : `${path}[${key}]`, acceptImage)
      if (found !== undefined) return found
    }
    return undefined
  }
  return path
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
