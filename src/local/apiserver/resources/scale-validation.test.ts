import { describe, expect, it } from 'vitest'
import { fieldErrorText } from '../../../schema/status.ts'
import type { Draft } from '../registry.ts'
import { scaleErrors } from './scale-validation.ts'

const paths = { specReplicas: '.spec.seats', statusReplicas: '.status.seats', labelSelector: '.status.selector' }

describe('scaleErrors', () => {
  it.each([
    [{}, []],
    [{ spec: { seats: 3 }, status: { seats: 0, selector: 'a=b' } }, []],
    [{ spec: { seats: -1 } }, ['.spec.seats: Invalid value: -1: should be a non-negative integer']],
    [{ spec: { seats: 3e9 } }, ['.spec.seats: Invalid value: 3000000000: should be less than or equal to 2147483647']],
    [{ spec: { seats: 'x' } }, ['.spec.seats: Invalid value: 0: .spec.seats accessor error: x is of the type string, expected int64']],
    [{ spec: { seats: 1.5 } }, ['.spec.seats: Invalid value: 0: .spec.seats accessor error: 1.5 is of the type float64, expected int64']],
    [
      { spec: 'text' },
      ['.spec.seats: Invalid value: 0: .spec.seats accessor error: text is of the type string, expected map[string]interface{}'],
    ],
    [
      { status: { selector: [1, 'a'] } },
      ['.status.selector: Invalid value: "": .status.selector accessor error: [1 a] is of the type []interface {}, expected string'],
    ],
  ])('%j', (object, errors) => {
    expect(scaleErrors(object as unknown as Draft, paths).map(fieldErrorText)).toEqual(errors)
  })
})
