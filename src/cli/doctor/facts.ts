import type {
  APIService,
  ControllerRevision,
  CustomResourceDefinition,
  Deployment,
  Lease,
  MutatingWebhook,
  Pod,
  Service,
  ValidatingWebhook,
} from '../../apis/core/types.generated.ts'
import type { AdvancedStatefulSet } from '../../apis/apps.kruise.io/advanced-stateful-set.ts'
import type { GameServerSet } from '../../apis/game.kruise.io/game-server-set.ts'
import type { DeepReadonly } from '../../kube/object.ts'
import type { Asked } from './asked.ts'

type Objects<T> = Asked<readonly DeepReadonly<T>[]>

/** What `berth doctor` looks at; `diagnose` turns it into findings. */
export interface Facts {
  /** Of this program. */
  readonly ownVersion: string
  /** Milliseconds since the epoch, by the clock of this machine. */
  readonly now: number
  readonly version: { readonly major: string; readonly minor: string; readonly gitVersion: string }
  /** How far the server's clock is ahead of this machine's, in milliseconds, give or take `uncertainty`. */
  readonly clock: { readonly aheadMs: number; readonly uncertaintyMs: number } | undefined
  /** Subresources of pods, as `resize`. */
  readonly podSubresources: Asked<readonly string[]>
  /** Names of API groups. */
  readonly groups: Asked<readonly string[]>
  readonly definitions: Objects<CustomResourceDefinition>
  readonly installation: InstallationFacts
  readonly rights: readonly AccountRights[]
  readonly webhooks: Asked<readonly WebhookFacts[]>
  /** What the webhooks say to a set that only they refuse: asked with a dry run. */
  readonly probe: Asked<'refused by Berth' | 'admitted'> | undefined
  readonly others: OtherFacts
  readonly sets: SetFacts
}

/** Berth's own parts on the cluster. */
export interface InstallationFacts {
  /** Those labelled `app.kubernetes.io/part-of=berth`. */
  readonly deployments: Objects<Deployment>
  readonly pods: Objects<Pod>
  /** Named `berth-controller`, in any namespace. */
  readonly leases: Objects<Lease>
  /** The certificate the webhooks serve with, as PEM, empty when there is none; undefined where others keep it, or there are no webhooks. */
  readonly servingCertificate: Asked<string> | undefined
}

/** What somebody may not do that he needs to. */
export interface AccountRights {
  /** The user's name; undefined for who runs `berth doctor`. */
  readonly user: string | undefined
  /** What the rights are needed for, as `berth-controller`. */
  readonly purpose: string
  /** What is missing, as `get/list pods in games`. */
  readonly missing: Asked<readonly string[]>
}

/** One webhook of a configuration, with what it depends on. */
export interface WebhookFacts {
  readonly kind: 'ValidatingWebhookConfiguration' | 'MutatingWebhookConfiguration'
  readonly configuration: string
  readonly webhook: DeepReadonly<ValidatingWebhook | MutatingWebhook>
  /** Its Service; absent when there is none of that name, undefined for a URL. */
  readonly service: Asked<DeepReadonly<Service> | 'absent'> | undefined
  /** Endpoints of the Service that are ready. */
  readonly readyEndpoints: Asked<number> | undefined
}

/** Other programs that run game servers. */
export interface OtherFacts {
  /** OpenKruiseGame's manager, in any namespace. */
  readonly okgManagers: Objects<Deployment>
  readonly okgLeases: Objects<Lease>
  /** Deployments named `agones-controller`, in any namespace. */
  readonly agones: Objects<Deployment>
  /** Aggregated APIs of Agones. */
  readonly agonesServices: Objects<APIService>
}

/** Game server sets and what runs them. */
export interface SetFacts {
  readonly sets: Objects<GameServerSet>
  /** OpenKruise's; empty where the server does not have the kind. */
  readonly workloads: Objects<AdvancedStatefulSet>
  readonly revisions: Objects<ControllerRevision>
  /** Pods with the owner label. */
  readonly pods: Objects<Pod>
}
