// Processes that tests talk to: littoral, the conformance suite's origin, a peer; all on free ports of this
// machine, and their end.

import { spawn } from 'node:child_process'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The workspace. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')

const START_MILLISECONDS_MAX = 20_000
const STOP_MILLISECONDS_MAX = 5_000
const WARM_UP_REQUESTS = 16

const running = new Set()
// Whatever ends this process, nothing of it stays behind.
process.on('exit', () => running.forEach(child => child.kill('SIGKILL')))

/** The suite's origin server; its address. */
export function startOrigin (suite, scratch) {
  const environment = {
    ...process.env,
    npm_config_protocol: 'http',
    npm_config_port: '0',
    npm_config_pidfile: join(scratch, 'origin.pid')
  }
  const child = start(process.execPath, ['--no-warnings', suite.server], { cwd: suite.root, env: environment })
  return announced(child, 'the suite’s origin', /Listening on http:\/\/\S+:(\d+)\//)
}

/** `littoral up` with default settings and these arguments, its data under `scratch`; its address. */
export function startEdge (scratch, ...parameters) {
  const data = join(scratch, 'data')
  const child = start(binary(), ['up', ...parameters, '--http', '127.0.0.1:0', '--data', data], {})
  const origin = parameters.find(parameter => parameter.startsWith('http://')) ?? ''
  return announced(child, 'littoral', /http:\/\/127\.0\.0\.1:(\d+)/, port => !origin.endsWith(`:${port}`))
}

/** The binary under test. */
export function binary () {
  if (process.env.LITTORAL) return process.env.LITTORAL
  const target = resolve(root, process.env.CARGO_TARGET_DIR ?? 'target')
  const built = ['release', 'debug'].map(profile => join(target, profile, 'littoral')).filter(existsSync)
  if (!built.length) throw new Error('no littoral is built: run `cargo build -p littoral`, or give LITTORAL=FILE')
  return built.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0]
}

/** nginx before `origin`, configured as the suite's authors configure it; its address. */
export async function startNginx (origin, scratch) {
  const port = await freePort()
  const configuration = `
    ${process.getuid() === 0 ? 'user root;' : ''} worker_processes 1; daemon off; error_log ${scratch}/error.log; pid ${scratch}/nginx.pid;
    events { worker_connections 1024; }
    http {
      access_log off; client_body_temp_path ${scratch}/body; proxy_temp_path ${scratch}/proxy;
      fastcgi_temp_path ${scratch}/f; uwsgi_temp_path ${scratch}/u; scgi_temp_path ${scratch}/s;
      proxy_cache_path ${scratch}/cache levels=1:2 keys_zone=my-cache:8m max_size=1000m inactive=600m;
      server {
        listen 127.0.0.1:${port};
        location / {
          proxy_pass ${origin}; proxy_cache my-cache; proxy_cache_revalidate on; proxy_http_version 1.1;
        }
      }
    }`
  writeFileSync(join(scratch, 'nginx.conf'), configuration)
  start('nginx', ['-c', join(scratch, 'nginx.conf')], {})
  return `http://127.0.0.1:${port}`
}

/** Asks until `base` answers, then some times more at once, so that no test meets the first connection. */
export async function warmUp (base) {
  const deadline = Date.now() + START_MILLISECONDS_MAX
  const ask = () => fetch(`${base}/index.html`, { signal: AbortSignal.timeout(2_000) }).then(answer => answer.text())
  for (;;) {
    try {
      await ask()
      break
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`${base} does not answer: ${error.cause ?? error}`)
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }
  await Promise.all(Array.from({ length: WARM_UP_REQUESTS }, ask))
}

export async function stopAll () {
  await Promise.all([...running].map(child => new Promise(resolve => {
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_MILLISECONDS_MAX)
    child.once('exit', () => { clearTimeout(force); resolve() })
    child.kill('SIGTERM')
  })))
}

export function start (command, parameters, options) {
  const child = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
  running.add(child)
  child.once('exit', () => running.delete(child))
  child.once('error', () => running.delete(child))
  return child
}

/** Waits for the line in which `child` says its port; reads on, so that it never waits for us. */
export function announced (child, name, pattern, accept = () => true) {
  return new Promise((resolve, reject) => {
    let said = ''
    const timer = setTimeout(() => fail('said no address'), START_MILLISECONDS_MAX)
    const fail = what => {
      clearTimeout(timer)
      reject(new Error(`${name} ${what}\n${said.slice(0, 2_000)}`))
    }
    const read = chunk => {
      if (said.length > 65_536) return
      said += chunk
      for (const [, port] of said.matchAll(new RegExp(pattern, 'g'))) {
        if (accept(port)) {
          clearTimeout(timer)
          return resolve(`http://127.0.0.1:${port}`)
        }
      }
    }
    child.stdout.setEncoding('utf8').on('data', read)
    child.stderr.setEncoding('utf8').on('data', read)
    child.once('error', error => fail(`does not start: ${error.message}`))
    child.once('exit', code => fail(`ended with ${code}`))
  })
}

function freePort () {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}
