import type { DeepReadonly, KubeObject } from '../../../kube/object.ts'
import type { Draft } from '../registry.ts'

/** What a table shows of an object, column by column. */
export type Cells = (object: Readonly<Draft>, now: Date) => unknown[]

/** Cells of a built-in kind, written against its type. The server has validated the objects it renders. */
export function cellsOf<T extends KubeObject>(cells: (object: DeepReadonly<T>, now: Date) => unknown[]): Cells {
  return (object, now) => cells(object as unknown as DeepReadonly<T>, now)
}
