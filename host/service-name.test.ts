import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { findContainer } from './container.ts';
import { readEnvironment } from './environment.ts';
import { readProcess } from './processes.ts';
import { openProgram } from './programs/program.ts';
import { findServiceName } from './service-name.ts';
import { createProcTree, type FakeProcess } from './testing/proc-tree.ts';

const tree = createProcTree();
after(() => tree.remove());

function nameOf(fake: FakeProcess) {
  tree.add(42, fake);
  const facts = readProcess(42, tree.proc)!;
  const container = findContainer(facts.cgroups, () => undefined);
  return findServiceName(openProgram(facts, readEnvironment(42, tree.proc), tree.proc), container, 'node-1');
}

const python = (args: string[], more: FakeProcess = {}): FakeProcess => ({
  exe: '/usr/bin/python3.11',
  args: ['python3', ...args],
  ...more,
});
const java = (args: string[], more: FakeProcess = {}): FakeProcess => ({
  exe: '/usr/lib/jvm/java-17/bin/java',
  args: ['java', ...args],
  ...more,
});
const node = (args: string[], more: FakeProcess = {}): FakeProcess => ({
  exe: '/usr/bin/node',
  args: ['node', ...args],
  ...more,
});
const titled = (exe: string, title: string, more: FakeProcess = {}): FakeProcess => ({
  exe,
  args: [title],
  name: title.slice(0, 15),
  ...more,
});
const unit = (name: string) => ({ cgroup: `0::/system.slice/${name}\n` });
const pod = `0::/kubepods/burstable/pod2f1c9a3e-7a0b-4c1d-9e8f-001122334455/${'ab'.repeat(32)}`;

const cases: [what: string, fake: FakeProcess, name: string, source: string][] = [
  [
    'the variable is first',
    python(['shop.py'], {
      environ: ['OTEL_SERVICE_NAME=said', 'OTEL_RESOURCE_ATTRIBUTES=service.name=less'],
      ...unit('x.service'),
    }),
    'said',
    'OTEL_SERVICE_NAME',
  ],
  ['an empty variable is none', python(['shop.py'], { environ: ['OTEL_SERVICE_NAME='] }), 'shop', 'python script'],
  [
    'resource attributes',
    python(['shop.py'], { environ: ['OTEL_RESOURCE_ATTRIBUTES=a=b,service.name=My%20Shop'] }),
    'My Shop',
    'OTEL_RESOURCE_ATTRIBUTES',
  ],
  [
    'broken percent code',
    python(['shop.py'], { environ: ['OTEL_RESOURCE_ATTRIBUTES=service.name=%zz'] }),
    'shop',
    'python script',
  ],
  ['unit', python(['shop.py'], unit('billing.service')), 'billing', 'systemd unit'],
  [
    'instance of a unit',
    titled(
      '/usr/lib/postgresql/15/bin/postgres',
      'postgres: checkpointer',
      unit('system-postgresql.slice/postgresql@15-main.service'),
    ),
    'postgresql',
    'systemd unit',
  ],
  ['a unit that holds what others start', python(['shop.py'], unit('cron.service')), 'shop', 'python script'],
  [
    'deployment',
    python(['shop.py'], { cgroup: pod, environ: ['HOSTNAME=checkout-7d9c5b6f4d-x2x9z'] }),
    'checkout',
    'Kubernetes workload',
  ],
  ['stateful set', python(['shop.py'], { cgroup: pod, environ: ['HOSTNAME=db-0'] }), 'db', 'Kubernetes workload'],
  [
    'daemon set',
    python(['shop.py'], { environ: ['KUBERNETES_SERVICE_HOST=10.0.0.1', 'HOSTNAME=agent-x7k2p'] }),
    'agent',
    'Kubernetes workload',
  ],
  ['bare pod', python(['shop.py'], { cgroup: pod, environ: ['HOSTNAME=debugger'] }), 'debugger', 'Kubernetes pod'],
  [
    "a pod on the host's network",
    python(['shop.py'], { cgroup: pod, environ: ['HOSTNAME=node-1'] }),
    'shop',
    'python script',
  ],
  [
    'a host name outside of Kubernetes',
    python(['shop.py'], { environ: ['HOSTNAME=laptop-7'] }),
    'shop',
    'python script',
  ],

  ['java -jar', java(['-Xmx1g', '-jar', '/opt/checkout-1.4.2.jar', '--server.port=80']), 'checkout', 'java jar'],
  ['java -jar app.jar', java(['-jar', '/srv/checkout/app.jar']), 'checkout', 'folder of java jar'],
  ['java -jar app.jar in a folder that says nothing', java(['-jar', 'app.jar'], { cwd: '/app' }), 'app', 'java jar'],
  ['quarkus', java(['-jar', '/srv/billing/quarkus-app/quarkus-run.jar']), 'billing', 'folder of java jar'],
  [
    'java main class',
    java(['-cp', 'lib/*', '--add-opens', 'java.base/java.lang=ALL-UNNAMED', '-Da=b', 'com.acme.CheckoutServer']),
    'CheckoutServer',
    'java main class',
  ],
  ['java module', java(['-p', 'mods', '-m', 'shop/com.acme.Shop']), 'Shop', 'java main class'],
  [
    'spring boot launcher',
    java(['-cp', '.', 'org.springframework.boot.loader.launch.JarLauncher'], { cwd: '/srv/orders' }),
    'orders',
    'working directory',
  ],
  [
    '-Dotel.service.name',
    java(['-Dspring.application.name=b', '-Dotel.service.name=a', '-jar', 'x.jar']),
    'a',
    '-Dotel.service.name',
  ],
  [
    '-Dotel.resource.attributes',
    java(['-Dotel.resource.attributes=x=y,service.name=a', '-jar', 'x.jar']),
    'a',
    '-Dotel.resource.attributes',
  ],
  [
    '-Dspring.application.name',
    java(['-Dspring.application.name=orders', '-jar', 'x.jar']),
    'orders',
    'spring.application.name',
  ],
  [
    '--spring.application.name',
    java(['-jar', 'x.jar', '--spring.application.name=orders']),
    'orders',
    'spring.application.name',
  ],
  [
    'JAVA_TOOL_OPTIONS',
    java(['-jar', 'x.jar'], { environ: ['JAVA_TOOL_OPTIONS=-Xmx1g -Dotel.service.name=opted'] }),
    'opted',
    '-Dotel.service.name',
  ],
  [
    'SPRING_APPLICATION_NAME',
    java(['-jar', 'x.jar'], { environ: ['SPRING_APPLICATION_NAME=orders'] }),
    'orders',
    'spring.application.name',
  ],
  [
    'kafka',
    java(['-Xmx1G', '-cp', '/opt/kafka/libs/*', 'kafka.Kafka', 'server.properties']),
    'kafka',
    'java main class',
  ],
  [
    'tomcat',
    java(['-Dcatalina.base=/x', 'org.apache.catalina.startup.Bootstrap', 'start']),
    'tomcat',
    'java main class',
  ],
  ['java --version', java(['--version']), 'java', 'executable'],

  ['python script', python(['/srv/tools/report.py', '--x']), 'report', 'python script'],
  ['python script that says nothing', python(['/srv/checkout/main.py']), 'checkout', 'python script'],
  [
    'python script with options',
    python(['-u', '-X', 'dev', '-W', 'ignore', 'manage.py', 'runserver'], { cwd: '/home/ann/shop' }),
    'shop',
    'python script',
  ],
  ['python -m', python(['-m', 'http.server', '8000']), 'http.server', 'python -m'],
  ['python -c', python(['-c', 'print(1)']), 'python3.11', 'executable'],
  [
    'gunicorn',
    python(['/usr/bin/gunicorn', '-b', '0.0.0.0:8000', 'shop.wsgi:application']),
    'shop',
    'gunicorn application',
  ],
  ['gunicorn without a colon', python(['/usr/bin/gunicorn', '-w', '4', 'shop.wsgi']), 'shop', 'gunicorn application'],
  [
    'gunicorn with an application that says nothing',
    python(['/usr/bin/gunicorn', 'app:app'], { cwd: '/srv/billing' }),
    'billing',
    'gunicorn application',
  ],
  ['gunicorn title', titled('/usr/bin/python3.11', 'gunicorn: worker [shop]'), 'shop', 'gunicorn application'],
  ['uvicorn', python(['-m', 'uvicorn', 'orders.main:app', '--port', '80']), 'orders', 'uvicorn application'],
  ['celery', python(['/usr/bin/celery', '-A', 'mailer.tasks', 'worker']), 'mailer', 'celery application'],
  ['flask', python(['-m', 'flask', '--app=shop', 'run']), 'shop', 'flask application'],
  [
    'flask by variable',
    python(['/usr/bin/flask', 'run'], { environ: ['FLASK_APP=shop.py'] }),
    'shop',
    'flask application',
  ],
  [
    'django by variable',
    python(['/usr/bin/gunicorn'], { environ: ['DJANGO_SETTINGS_MODULE=blog.settings'] }),
    'blog',
    'gunicorn application',
  ],

  [
    'package.json',
    node(['src/server.js'], {
      cwd: '/srv/x',
      files: { '/srv/x/package.json': '{"name":"@acme/cart","version":"2.0.1"}' },
    }),
    '@acme/cart',
    'package.json',
  ],
  [
    'package.json without a name',
    node(['/srv/cart/index.js'], { files: { '/srv/cart/package.json': '{"type":"module"}' } }),
    'cart',
    'node script',
  ],
  [
    'package.json that is none',
    node(['/srv/cart/dist/index.js'], { files: { '/srv/cart/package.json': '{' } }),
    'cart',
    'node script',
  ],
  ['node script', node(['--enable-source-maps', '-r', './trace.js', '/srv/a/mailer.mjs']), 'mailer', 'node script'],
  ['node -e', node(['-e', '1']), 'node', 'executable'],
  [
    'node title',
    titled('/usr/bin/node', 'next-server (v14.2)', {
      cwd: '/srv/w',
      files: { '/srv/w/package.json': '{"name":"web-shop"}' },
    }),
    'web-shop',
    'package.json',
  ],
  ['bun', { exe: '/usr/bin/bun', args: ['bun', 'run', '/srv/a/mailer.ts'] }, 'mailer', 'node script'],

  ['php-fpm pool', titled('/usr/sbin/php-fpm8.2', 'php-fpm: pool shop'), 'shop', 'php-fpm pool'],
  ['php-fpm default pool', titled('/usr/sbin/php-fpm8.2', 'php-fpm: pool www'), 'php-fpm', 'executable'],
  [
    'php-fpm master',
    titled('/usr/sbin/php-fpm8.2', 'php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)'),
    'php-fpm',
    'executable',
  ],
  ['artisan', { exe: '/usr/bin/php8.2', args: ['php', 'artisan', 'queue:work'], cwd: '/srv/crm' }, 'crm', 'php script'],
  [
    'php -S',
    { exe: '/usr/bin/php8.2', args: ['php', '-S', '127.0.0.1:80', '-t', '/srv', 'router.php'] },
    'router',
    'php script',
  ],
  ['ruby script', { exe: '/usr/bin/ruby3.1', args: ['ruby', '-W0', 'mailer.rb'] }, 'mailer', 'ruby script'],
  ['rails', { exe: '/usr/bin/ruby3.1', args: ['ruby', 'bin/rails', 's'], cwd: '/srv/crm' }, 'crm', 'ruby script'],
  ['puma', titled('/usr/bin/ruby3.1', 'puma 6.4.0 (tcp://0.0.0.0:3000) [crm]'), 'crm', 'title of puma'],
  ['sidekiq', titled('/usr/bin/ruby3.1', 'sidekiq 7.1.0 crm [0 of 5 busy]'), 'crm', 'title of sidekiq'],
  [
    '.NET',
    { exe: '/usr/share/dotnet/dotnet', args: ['dotnet', '/app/Shop.Api.dll', '--urls', 'http://*:80'] },
    'Shop.Api',
    '.NET assembly',
  ],
  [
    'rabbitmq',
    { exe: '/usr/lib/erlang/erts-13/bin/beam.smp', args: ['beam.smp', '-W', 'w', '--', '-sname', 'rabbit@node-1'] },
    'rabbitmq',
    'Erlang node',
  ],
  ['shell script', { exe: '/usr/bin/dash', args: ['/bin/sh', '/usr/local/bin/backup.sh'] }, 'backup', 'shell script'],
  ['shell', { exe: '/usr/bin/bash', args: ['-bash'] }, 'bash', 'executable'],

  ['nginx worker', titled('/usr/sbin/nginx', 'nginx: worker process'), 'nginx', 'executable'],
  ['redis', titled('/usr/bin/redis-server', 'redis-server *:6379'), 'redis', 'executable'],
  [
    'postgres',
    titled('/usr/lib/postgresql/15/bin/postgres', 'postgres: shop shop 127.0.0.1(5123) idle'),
    'postgres',
    'executable',
  ],
  ['mariadbd', { exe: '/usr/sbin/mariadbd', args: ['mariadbd', '--datadir=/x'] }, 'mariadbd', 'executable'],
  ['busybox', { exe: '/bin/busybox', args: ['httpd', '-f'] }, 'httpd', 'executable'],
  ['replaced while running', { exe: '/opt/cart (deleted)', args: ['./cart'] }, 'cart', 'executable'],
  [
    'not ours to look at',
    { args: ['/opt/very/long/name-of-a-program'], name: 'name-of-a-progr' },
    'name-of-a-program',
    'executable',
  ],
  ['not ours to look at, renamed', { args: ['/usr/bin/cart'], name: 'MainThread' }, 'cart', 'executable'],
  [
    'not ours to look at, with a title',
    { args: ['nginx: master process nginx -c /etc/nginx/nginx.conf'], name: 'nginx' },
    'nginx',
    'executable',
  ],
  [
    'not ours to look at, a script',
    { args: ['node', '/srv/a/mailer.js'], name: 'MainThread' },
    'mailer',
    'node script',
  ],
  [
    'a program whose name says nothing',
    { exe: '/srv/checkout/bin/server', args: ['server'] },
    'checkout',
    'folder of executable',
  ],
  ['a program and folders that say nothing', { exe: '/app/main', args: ['/app/main'] }, 'main', 'executable'],
  [
    'go run',
    { exe: '/tmp/go-build12/b001/exe/main', args: ['/tmp/x/main'], cwd: '/srv/shop/cart' },
    'cart',
    'folder of executable',
  ],
  ['only ever in memory', { exe: '/memfd:sealed', args: ['runc', 'init'] }, 'runc', 'executable'],
];

for (const [what, fake, name, source] of cases) {
  test(`name: ${what}`, () => {
    const found = nameOf(fake);
    assert.deepEqual([found.name, found.source], [name, source]);
  });
}

test('versions come with what gave the name, and resource attributes are kept', () => {
  assert.equal(nameOf(java(['-jar', 'checkout-1.4.2-SNAPSHOT.jar'])).version, '1.4.2-SNAPSHOT');
  const said = nameOf(
    python(['x.py'], {
      environ: [
        'OTEL_RESOURCE_ATTRIBUTES=service.version=7,service.namespace=shop,broken,=x,deployment.environment.name=prod',
      ],
    }),
  );
  assert.equal(said.version, '7');
  assert.deepEqual(
    [...said.attributes],
    [
      ['service.namespace', 'shop'],
      ['deployment.environment.name', 'prod'],
    ],
  );
});

test('names are bounded and hold no control characters', () => {
  const { name } = nameOf({
    exe: `/opt/${'x'.repeat(250)}`,
    environ: [`OTEL_SERVICE_NAME=a\n\u001b[31m${'b'.repeat(1000)}`],
  });
  assert.equal(name.length, 255);
  assert.match(name, /^a \[31mb+$/);
});
