/**
 * Replaces `$(NAME)` by the variable's value as Kubernetes does in `command`, `args` and `env`: unknown names stay as they
 * are written, `$$` stands for one `$`, so `$$(NAME)` is the text `$(NAME)`.
 */
export function expand(text: string, variables: Readonly<Record<string, string>>): string {
  if (!text.includes('$')) return text
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (match: string, name: string | undefined) => {
    if (name === undefined) return '$'
    return Object.hasOwn(variables, name) ? (variables[name] ?? match) : match
  })
}
