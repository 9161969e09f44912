import type { CloudProduct } from './cloud-product.ts'

/** A plain Kubernetes: Berth chooses host ports, and nothing is special about pods. */
export const generic: CloudProduct = {
  validate: () => [],
  validateScheduling: () => [],
  placeholders: () => undefined,
  finishPod: pod => pod,
  assigned: ports => ({ ports }),
}
