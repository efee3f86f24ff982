import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findContainer, findUnit, parseMounts } from './container.ts';
import { parseCgroups } from './processes.ts';

const id = '5f0e7b6c'.repeat(8);
const outer = '0a1b2c3d'.repeat(8);
const pod = '2f1c9a3e-7a0b-4c1d-9e8f-001122334455';
const podInSlice = pod.replaceAll('-', '_');
const none = () => undefined;

const layouts: [
  name: string,
  cgroup: string,
  id: string | undefined,
  runtime: string | undefined,
  podUid: string | undefined,
][] = [
  ['docker, cgroupfs, version 1', `12:memory:/docker/${id}\n1:name=systemd:/docker/${id}`, id, 'docker', undefined],
  ['docker, systemd, version 2', `0::/system.slice/docker-${id}.scope`, id, 'docker', undefined],
  ['docker in docker', `0::/docker/${outer}/docker/${id}`, id, 'docker', undefined],
  ['seen from a sibling container', `0::/../${id}`, id, undefined, undefined],
  ['kubelet, cgroupfs', `5:cpu:/kubepods/burstable/pod${pod}/${id}`, id, undefined, pod],
  ['kubelet, guaranteed', `0::/kubepods/pod${pod}/${id}`, id, undefined, pod],
  [
    'kubelet, systemd, containerd',
    `0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${podInSlice}.slice/cri-containerd-${id}.scope`,
    id,
    'containerd',
    pod,
  ],
  ['kubelet, systemd, cri-o', `0::/kubepods.slice/kubepods-pod${podInSlice}.slice/crio-${id}.scope`, id, 'cri-o', pod],
  [
    'kubelet, systemd, docker',
    `1:name=systemd:/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${podInSlice}.slice/docker-${id}.scope`,
    id,
    'docker',
    pod,
  ],
  [
    'kind',
    `0::/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod${podInSlice}.slice/cri-containerd-${id}.scope`,
    id,
    'containerd',
    pod,
  ],
  [
    'containerd that takes systemd paths for its own',
    `0::/system.slice/containerd.service/kubepods-burstable-pod${podInSlice}.slice:cri-containerd:${id}`,
    id,
    'containerd',
    pod,
  ],
  ['static pod', `0::/kubepods/burstable/pod${'ab12'.repeat(8)}/${id}`, id, undefined, 'ab12'.repeat(8)],
  ['the pod itself', `0::/kubepods.slice/kubepods-pod${podInSlice}.slice`, undefined, undefined, pod],
  ['podman', `0::/machine.slice/libpod-${id}.scope/container`, id, 'podman', undefined],
  [
    'podman without root',
    `0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${id}.scope`,
    id,
    'podman',
    undefined,
  ],
  ['nerdctl', `0::/system.slice/nerdctl-${id}.scope`, id, 'containerd', undefined],
  ['the monitor of a podman container', `0::/machine.slice/libpod-conmon-${id}.scope`, undefined, undefined, undefined],
  ['the monitor of a cri-o container', `0::/kubepods.slice/crio-conmon-${id}.scope`, undefined, undefined, undefined],
  ['ecs', `9:perf_event:/ecs/55091c13-b8cf-4801-b527-f4601742204d/${id}`, id, undefined, undefined],
  [
    'fargate',
    `9:perf_event:/ecs/34dc0b5e626f2c5c4c5170e34b10e765/34dc0b5e626f2c5c4c5170e34b10e765-1234567890`,
    '34dc0b5e626f2c5c4c5170e34b10e765-1234567890',
    undefined,
    undefined,
  ],
  ['lxc', '0::/lxc.payload.web-1/system.slice/nginx.service', 'web-1', 'lxc', undefined],
  ['lxc, version 1', '4:cpu:/lxc/web-1', 'web-1', 'lxc', undefined],
  ['a service', '0::/system.slice/nginx.service', undefined, undefined, undefined],
  ['a session', '0::/user.slice/user-1000.slice/session-3.scope', undefined, undefined, undefined],
  ['version 1, where only one hierarchy tells', `12:cpu:/\n11:memory:/docker/${id}\n0::/`, id, 'docker', undefined],
  ['almost an id', `0::/docker/${id.slice(1)}`, undefined, undefined, undefined],
  ['nothing', '', undefined, undefined, undefined],
];

for (const [name, cgroup, ...expected] of layouts) {
  test(`container: ${name}`, () => {
    const found = findContainer(parseCgroups(cgroup), none);
    assert.deepEqual([found?.id, found?.runtime, found?.podUid], expected);
  });
}

test('mounts tell where the cgroup shows nothing but its own root', () => {
  const docker = `586 577 254:1 /var/lib/docker/containers/${id}/hostname /etc/hostname rw - ext4 /dev/root rw`;
  const podman = `586 577 0:2 /containers/storage/overlay-containers/${id}/userdata/hosts /etc/hosts rw - tmpfs tmpfs rw`;
  const kubelet = `586 577 254:1 /var/lib/kubelet/pods/${pod}/containers/checkout/8c0f /dev/termination-log rw - ext4 /dev/root rw`;
  assert.deepEqual(parseMounts(`x\n${docker}\n`), {
    id,
    runtime: 'docker',
    podUid: undefined,
    containerName: undefined,
  });
  assert.equal(parseMounts(podman)?.runtime, 'podman');
  assert.deepEqual(parseMounts(kubelet), { id: undefined, runtime: undefined, podUid: pod, containerName: 'checkout' });
  assert.equal(parseMounts('22 27 0:21 / /proc rw,relatime - proc proc rw\n'), undefined);
  const asked = findContainer(parseCgroups('0::/\n'), () => parseMounts(docker));
  assert.equal(asked?.id, id);
});

test('mounts are not asked for when the cgroup tells', () => {
  const never = () => assert.fail('asked');
  assert.equal(findContainer(parseCgroups('0::/system.slice/nginx.service\n'), never), undefined);
});

const units: [cgroup: string, unit: string | undefined][] = [
  ['0::/system.slice/nginx.service', 'nginx.service'],
  ['0::/system.slice/system-postgresql.slice/postgresql@15-main.service', 'postgresql@15-main.service'],
  ['0::/system.slice/my\\x2dshop.service/worker', 'my-shop.service'],
  ['0::/user.slice/user-1000.slice/user@1000.service/app.slice/shop.service', 'shop.service'],
  ['12:cpu:/other.service\n1:name=systemd:/system.slice/nginx.service', 'nginx.service'],
  [`0::/system.slice/docker.service/docker/${id}`, undefined],
  [`0::/docker/${id}/system.slice/nginx.service`, 'nginx.service'],
  ['0::/user.slice/user-0.slice/session-1.scope', undefined],
];

for (const [cgroup, unit] of units) {
  test(`unit of ${cgroup.replaceAll(id, 'ID')}`, () => assert.equal(findUnit(parseCgroups(cgroup)), unit));
}
