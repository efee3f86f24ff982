/** The name of a workload from that of its pod, which is all a process in Kubernetes knows without asking the API. */
import type { Container } from './container.ts';
import type { Environment } from './environment.ts';

/** What Kubernetes makes random names of: no vowels, nor digits that look like them. */
const random = '[bcdfghjklmnpqrstvwxz2456789]';
const ofDeployment = new RegExp(`^(.+)-${random}{6,10}-${random}{5}$`);
const ofSet = new RegExp(`^(.+)-(?:${random}{5}|\\d{1,4})$`);

/**
 * `checkout-7d9c5b6f4d-x2x9z` is a pod of the Deployment checkout, `db-0` of the StatefulSet db, `agent-x7k2p` of the
 * DaemonSet agent. A process is in Kubernetes when its cgroup is a pod's or its environment names the API server. On the
 * host's network a pod has the name of the host, which says nothing.
 */
export function kubernetesName(environment: Environment, container: Container | undefined, hostName: string) {
  if (container?.podUid === undefined && environment.KUBERNETES_SERVICE_HOST === undefined) return undefined;
  const pod = environment.POD_NAME ?? environment.HOSTNAME;
  if (pod === undefined || pod === '' || pod === hostName || pod.includes('.')) return undefined;
  const workload = ofDeployment.exec(pod)?.[1] ?? ofSet.exec(pod)?.[1];
  return { name: workload ?? pod, source: workload === undefined ? 'Kubernetes pod' : 'Kubernetes workload' };
}
