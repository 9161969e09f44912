const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/

/** `spec` + `replicas` → `spec.replicas`. The root path is the empty string. */
export function childPath(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

/** `spec.containers` + 0 → `spec.containers[0]`. */
export function indexPath(path: string, index: number): string {
  return `${path}[${index}]`
}

/** `metadata.labels` + `game.kruise.io/x` → `metadata.labels[game.kruise.io/x]`, as Kubernetes prints keys of maps. */
export function keyPath(path: string, key: string): string {
  return `${path}[${key}]`
}

/**
 * Joins a `fieldPath` of a validation rule (`.a.b`, `.a['x/y']`) to the path of the rule's schema.
 * Contract: https://kubernetes.io/docs/reference/using-api/cel/ (field paths are JSON paths of names only).
 */
export function appendRulePath(path: string, rulePath: string): string {
  let result = path
  for (const match of rulePath.matchAll(/\.([A-Za-z_][\w-]*)|\['([^']*)'\]|\["([^"]*)"\]/g)) {
    const name = match[1] ?? match[2] ?? match[3] ?? ''
    result = identifier.test(name) ? childPath(result, name) : keyPath(result, name)
  }
  return result
}
