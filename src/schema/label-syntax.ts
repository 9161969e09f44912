/** What Kubernetes takes as labels and keys of annotations. */
const value = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/
const name = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/
const prefix = /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/

export function isLabelValue(text: string): boolean {
  return value.test(text)
}

/** A name of up to 63 characters, perhaps after a DNS subdomain and a slash. */
export function isQualifiedName(text: string): boolean {
  const slash = text.indexOf('/')
  return name.test(text.slice(slash + 1)) && (slash < 0 || prefix.test(text.slice(0, slash)))
}
