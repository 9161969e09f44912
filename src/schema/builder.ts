import type { StructuralSchema, ValidationRule } from './structural.ts'

declare const described: unique symbol
declare const omittable: unique symbol

/** A structural schema that knows the TypeScript type of the values it describes. At run time it is the schema and nothing more. */
export type Schema<T> = StructuralSchema & { readonly [described]?: T }

/** The type of the values a schema describes. */
export type Infer<S> = S extends { readonly [described]?: infer T } ? T : never

/** A member that may be absent; see {@link s.optional}. */
export interface OptionalMember<T> {
  readonly [omittable]: true
  readonly schema: Schema<T>
}

type Members = Readonly<Record<string, StructuralSchema | OptionalMember<unknown>>>
type OptionalKeys<M> = { [K in keyof M]: M[K] extends OptionalMember<unknown> ? K : never }[keyof M]
type MemberType<M> = M extends OptionalMember<infer T> ? T : Infer<M>
type Flatten<T> = { [K in keyof T]: T[K] } & {}
type ObjectOf<M> = Flatten<{ [K in Exclude<keyof M, OptionalKeys<M>>]: MemberType<M[K]> } & { [K in OptionalKeys<M>]?: MemberType<M[K]> }>

/** What can be said about any value. */
export interface Annotations<T> {
  /** Shown by `kubectl explain`. */
  readonly description?: string
  readonly default?: T
  /** CEL rules over this value (`self`). */
  readonly validations?: readonly ValidationRule[]
}

type StringOptions<T extends string> = Annotations<T> & {
  readonly enum?: readonly T[]
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly format?: 'date-time' | 'duration' | 'byte'
}

type NumberOptions = Annotations<number> & { readonly minimum?: number; readonly maximum?: number }

interface ListOptions<T, Item> extends Annotations<T> {
  readonly listType?: 'atomic' | 'set' | 'map'
  /** Members of the item that identify it, for `map`. */
  readonly mapKeys?: readonly (keyof Item & string)[]
  readonly minItems?: number
  readonly maxItems?: number
}

function build<T>(base: StructuralSchema, options: Annotations<T> & Readonly<Record<string, unknown>> = {}): Schema<T> {
  const { validations, ...keywords } = options
  return { ...base, ...keywords, ...(validations === undefined ? {} : { 'x-kubernetes-validations': validations }) } as Schema<T>
}

const isOptional = (member: StructuralSchema | OptionalMember<unknown>): member is OptionalMember<unknown> =>
  'schema' in member && typeof member.schema === 'object'

function properties(members: Members): StructuralSchema {
  const required = Object.keys(members).filter(name => {
    const member = members[name]
    return member !== undefined && !isOptional(member)
  })
  return {
    ...(required.length === 0 ? {} : { required }),
    properties: Object.fromEntries(Object.entries(members).map(([name, member]) => [name, isOptional(member) ? member.schema : member])),
  }
}

/**
 * Builds structural schemas together with their TypeScript types:
 * `const port = s.object({ port: s.int32({ minimum: 1 }), name: s.optional(s.string()) }); type Port = Infer<typeof port>`.
 */
export const s = {
  object: <const M extends Members>(
    members: M,
    options?: Annotations<ObjectOf<M>> & { readonly mapType?: 'atomic' | 'granular' },
  ): Schema<ObjectOf<M>> => {
    const { mapType, ...rest } = options ?? {}
    return build<ObjectOf<M>>(
      { type: 'object', ...properties(members), ...(mapType === undefined ? {} : { 'x-kubernetes-map-type': mapType }) },
      rest,
    )
  },
  /** An object with known members that keeps the unknown ones too. */
  open: <const M extends Members>(members: M, options?: Annotations<ObjectOf<M>>): Schema<ObjectOf<M>> =>
    build<ObjectOf<M>>({ type: 'object', ...properties(members), 'x-kubernetes-preserve-unknown-fields': true }, { ...options }),
  string: <const T extends string = string>(options?: StringOptions<T>): Schema<T> => build<T>({ type: 'string' }, { ...options }),
  int32: (options?: NumberOptions): Schema<number> => build<number>({ type: 'integer', format: 'int32' }, { ...options }),
  int64: (options?: NumberOptions): Schema<number> => build<number>({ type: 'integer', format: 'int64' }, { ...options }),
  boolean: (options?: Annotations<boolean>): Schema<boolean> => build<boolean>({ type: 'boolean' }, { ...options }),
  /** RFC 3339; stays a string. */
  time: (options?: Annotations<string>): Schema<string> => build<string>({ type: 'string', format: 'date-time' }, { ...options }),
  intOrString: (options?: Annotations<number | string>): Schema<number | string> =>
    build<number | string>({ 'x-kubernetes-int-or-string': true }, { ...options }),
  /** A resource quantity, in the form CRDs give it. */
  quantity: (options?: Annotations<number | string>): Schema<number | string> =>
    build<number | string>(
      {
        'x-kubernetes-int-or-string': true,
        anyOf: [{ type: 'integer' }, { type: 'string' }],
        pattern: '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$',
      },
      { ...options },
    ),
  list: <Item>(item: Schema<Item>, options?: ListOptions<Item[], Item>): Schema<Item[]> => {
    const { listType, mapKeys, ...rest } = options ?? {}
    return build<Item[]>(
      {
        type: 'array',
        items: item,
        ...(listType === undefined ? {} : { 'x-kubernetes-list-type': listType }),
        ...(mapKeys === undefined ? {} : { 'x-kubernetes-list-map-keys': mapKeys }),
      },
      rest,
    )
  },
  map: <Value>(
    value: Schema<Value>,
    options?: Annotations<Record<string, Value>> & { readonly maxProperties?: number },
  ): Schema<Record<string, Value>> => build<Record<string, Value>>({ type: 'object', additionalProperties: value }, { ...options }),
  /** An object that is stored as it came; `T` is what we believe of it. */
  preserve: <T = Record<string, unknown>>(options?: Annotations<T>): Schema<T> =>
    build<T>({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true }, { ...options }),
  /** A whole Kubernetes object inside another one. */
  embedded: <T = Record<string, unknown>>(options?: Annotations<T>): Schema<T> =>
    build<T>({ type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true }, { ...options }),
  /** A member of an object that may be absent. */
  optional: <T>(schema: Schema<T>): OptionalMember<T> => ({ schema }) as OptionalMember<T>,
  /** A value that may be `null` and is stored so. */
  nullable: <T>(schema: Schema<T>): Schema<T | null> => ({ ...schema, nullable: true }) as Schema<T | null>,
} as const
