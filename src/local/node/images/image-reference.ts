/** An image name as manifests write it, in its parts. */
export interface ImageReference {
  /** Registry, namespace and name: `registry.example.com/team/2048`. */
  readonly repository: string
  /** `latest` when neither tag nor digest was written; absent when only a digest was. */
  readonly tag?: string
  /** `sha256:…` */
  readonly digest?: string
}

/** Splits `[registry[:port]/][namespace/]name[:tag][@digest]`. Never fails: what is no proper name is found in no catalogue. */
export function parseReference(text: string): ImageReference {
  const [name = '', digest] = text.trim().split('@', 2)
  // A colon before the last slash belongs to the registry's port.
  const colon = name.indexOf(':', name.lastIndexOf('/') + 1)
  const repository = colon < 0 ? name : name.slice(0, colon)
  const tag = colon < 0 ? undefined : name.slice(colon + 1)
  if (digest === undefined) return { repository, tag: tag ?? 'latest' }
  return { repository, digest, ...(tag !== undefined && { tag }) }
}

/** The reference in full: with `:latest` when it had neither tag nor digest. */
export function formatReference({ repository, tag, digest }: ImageReference): string {
  return `${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`
}

/**
 * How well a catalogue's name fits a repository: the number of path parts when it is the repository or its end, 0 when it is neither.
 * `2048` and `team/2048` both fit `registry.example.com/team/2048`; the longer one fits better.
 */
export function matchingParts(name: string, repository: string): number {
  return repository === name || repository.endsWith(`/${name}`) ? name.split('/').length : 0
}
