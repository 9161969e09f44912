/**
 * What OpenKruiseGame's own installation is called: the names its chart and its manager use unless they are told otherwise.
 * Contract: https://openkruise.io/kruisegame/installation
 */
export const original = {
  namespace: 'kruise-game-system',
  /** The Deployment of its manager, which runs every GameServerSet of the cluster. */
  deployment: 'kruise-game-controller-manager',
  /** The Lease of its manager, where leader election is on; the chart leaves it off. */
  lease: 'game-kruise-manager',
  mutatingWebhooks: 'kruise-game-mutating-webhook',
  validatingWebhooks: 'kruise-game-validating-webhook',
} as const
