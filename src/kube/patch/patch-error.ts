/**
 * Why a patch could not be applied.
 * `Malformed`: the patch itself is wrong (an API server answers 400).
 * `Unmergeable`: a list of a strategic merge patch is inconsistent in itself (500).
 * `NotApplicable`: it does not fit the object: a failed test, a missing path (422).
 */
export class PatchError extends Error {
  override readonly name = 'PatchError'
  readonly code: 'Malformed' | 'Unmergeable' | 'NotApplicable'

  constructor(code: 'Malformed' | 'Unmergeable' | 'NotApplicable', message: string) {
    super(message)
    this.code = code
  }
}
