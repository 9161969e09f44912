import type { StructuralSchema } from './structural.ts'

/**
 * A remembered answer to "does this schema, or anything below it, have …", so that walkers skip what cannot concern them. Works on
 * cyclic schemas: a node has the property when any node it reaches has it, so `false` is certain for all nodes of a walk that found
 * nothing, and `true` for the node that was asked about.
 */
export function schemaReaches(has: (schema: StructuralSchema) => boolean): (schema: StructuralSchema) => boolean {
  const known = new WeakMap<StructuralSchema, boolean>()

  function search(start: StructuralSchema): boolean {
    const seen = new Set<StructuralSchema>([start])
    const open = [start]
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      const answer = known.get(node)
      if (answer === false) continue
      if (answer === true || has(node)) {
        known.set(start, true)
        return true
      }
      for (const next of partsOf(node)) {
        if (seen.has(next)) continue
        seen.add(next)
        open.push(next)
      }
    }
    for (const node of seen) known.set(node, false)
    return false
  }

  return schema => known.get(schema) ?? search(schema)
}

function* partsOf(schema: StructuralSchema): Iterable<StructuralSchema> {
  if (schema.properties !== undefined) yield* Object.values(schema.properties)
  if (schema.items !== undefined) yield schema.items
  if (typeof schema.additionalProperties === 'object') yield schema.additionalProperties
}
