import type { FieldError } from '../schema/field-error.ts'
import type { Parameter } from './model.ts'
import type { ParameterValidator } from './parameter-validator.ts'

/** Where a user wrote the parts of a claim. */
export interface ParameterFields {
  readonly type: string
  readonly parameters: string
  /** That of one parameter, by its place in the list. */
  readonly parameter: (index: number) => string
}

/** What is wrong with a network type and its parameters, by the fields in which they were written. */
export function parameterErrors(
  validator: ParameterValidator,
  provider: string,
  parameters: readonly Parameter[],
  fields: ParameterFields,
): FieldError[] {
  const { providers } = validator
  if (provider === '') return [{ type: 'FieldValueRequired', field: fields.type, detail: `must be one of ${providers.join(', ')}` }]
  return validator.validate(provider, parameters).map(({ index, name, message }) => {
    if (!providers.includes(provider)) return { type: 'FieldValueInvalid', field: fields.type, value: provider, detail: message }
    if (index === undefined) return { type: 'FieldValueRequired', field: fields.parameters, detail: `${name}: ${message}` }
    return { type: 'FieldValueInvalid', field: fields.parameter(index), value: { ...parameters[index] }, detail: `${name}: ${message}` }
  })
}
