/** What to tell the operator when a ring cannot be opened. */

export function explain(error: unknown): string {
  const { code, message } = error as Error & { code?: string };
  switch (code) {
    case 'EPERM':
    case 'EACCES':
      return message.includes('namespace')
        ? `${message}: other network namespaces need the capability CAP_SYS_ADMIN; run as root, or leave network_namespaces out`
        : `${message}: packet capture needs the capability CAP_NET_RAW; run as root, or grant it (setcap cap_net_raw+ep on the node binary, AmbientCapabilities=CAP_NET_RAW in a systemd unit, securityContext.capabilities.add NET_RAW in Kubernetes), or take the cbpf receiver out of the pipelines`;
    case 'ENOMEM':
      return `${message}: the kernel has no memory for the ring; make ring::blocks or ring::block_size smaller`;
    case 'EINVAL':
      return `${message}: the kernel refuses the ring; ring::block_size must be a multiple of the page size`;
    default:
      return message;
  }
}
