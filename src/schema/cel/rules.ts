import type { FieldError } from '../field-error.ts'
import type { StructuralSchema } from '../structural.ts'

export function ruleErrors(_schema: StructuralSchema, _value: unknown, _old: unknown, _path: string, _errors: FieldError[]): void {}
