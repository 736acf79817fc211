/**
 * `GET /<owner>/<repository>/archive/<revision>.<tar.gz|tgz|tar|zip>`: a revision's files as one download, made while it is sent.
 * What is in it lies in a folder `<repository>-<revision>/`, as at GitHub.
 */
import { resolveRevision } from '#browse/revision.ts';
import { type ArchiveFormat, writeArchive } from '#git/archive/archive-format.ts';
import { type ArchiveSource, readArchiveSource } from '#git/archive/archive-source.ts';
import { ExportSubstitution } from '#git/archive/export-subst.ts';
import { Pathspec } from '#git/path/pathspec.ts';
import { shortRefName } from '#git/refs/ref-name.ts';
import { visibleRefs } from '#git/refs/visible-refs.ts';
import { isNotModified } from '#http/conditional.ts';
import type { RawRoute } from '#http/raw-route.ts';
import { refsHiddenFromFetches } from '#repository/git-settings.ts';
import type { RepositorySnapshot } from '#repository/repository-engine.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import { parseRepositoryAddress, type RepositoryAddress } from '#web/repository-path.ts';
import { doHeavyWork } from '../git/heavy-work.ts';
import type { GitServices } from '../git-services.ts';
import { type BrowserExchange, failExchange, findReadable, setCacheHeaders } from './browser-exchange.ts';
import { methodNotAllowed, notFound } from './http-refusal.ts';
import { contentDisposition } from './raw-file-type.ts';
import { ResponseStream } from './response-stream.ts';

const CONTENT_TYPE: Readonly<Record<ArchiveFormat, string>> = {
  tar: 'application/x-tar',
  tgz: 'application/gzip',
  'tar.gz': 'application/gzip',
  zip: 'application/zip',
};

/** The longer ending first. */
const ENDING = /\.(?<format>tar\.gz|tgz|tar|zip)$/;

type ArchiveServices = Pick<GitServices, 'engine' | 'authenticator' | 'catalog' | 'admission'>;

export function createArchiveRoute(services: ArchiveServices): RawRoute {
  return async (request, response, context) => {
    const address = parseRepositoryAddress(context.rawUrl);
    const format = ENDING.exec(address?.rest ?? '')?.groups?.['format'] as ArchiveFormat | undefined;
    if (address?.view !== 'archive' || format === undefined) return false;
    const exchange = { services, request, response, stream: new ResponseStream(response), context };
    try {
      await answer(exchange, address, format);
    } catch (error) {
      failExchange(exchange, error);
    }
    return true;
  };
}

async function answer(
  exchange: BrowserExchange<ArchiveServices>,
  address: RepositoryAddress,
  format: ArchiveFormat,
): Promise<void> {
  const { services, request, response, stream, context } = exchange;
  if (request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed('GET, HEAD');
  const { repository, principal } = await findReadable(exchange, address);
  const snapshot = await services.engine.readableSnapshot(repository, stream.signal);
  const { source, name } = await findSource(snapshot, repository, address.rest.replace(ENDING, ''));
  // Weak: another version of the compressor may write other bytes.
  const etag = `W/"${source.commit?.id ?? source.treeId}-${format}-${Buffer.from(name).toString('base64url')}"`;
  if (isNotModified(request.headers, { etag })) {
    setCacheHeaders(response, repository, etag);
    response.writeHead(304).end();
    return;
  }
  const { clientAddress } = context;
  const job = { services, repository, principal, clientAddress, signal: stream.signal };
  const begin = () => {
    setCacheHeaders(response, repository, etag);
    response.writeHead(200, {
      'Content-Type': CONTENT_TYPE[format],
      'Content-Disposition': contentDisposition('attachment', `${name}.${format}`),
    });
  };
  if (request.method === 'GET') {
    await doHeavyWork(job, () => send(exchange, { snapshot, repository, source, name, format }, begin));
  } else begin();
  stream.end();
}

interface Download {
  readonly snapshot: RepositorySnapshot;
  readonly repository: RepositoryRecord;
  readonly source: ArchiveSource;
  /** Of the folder in the archive, and of the file. */
  readonly name: string;
  readonly format: ArchiveFormat;
}

async function send(
  { stream }: BrowserExchange<ArchiveServices>,
  { snapshot, repository, source, name, format }: Download,
  begin: () => void,
): Promise<void> {
  const { objects } = snapshot;
  const refs = visibleRefs(snapshot.refs, refsHiddenFromFetches(repository.gitSettings));
  const nowSeconds = Math.floor(Date.now() / 1_000);
  const { signal } = stream;
  const { commit } = source;
  const archive = writeArchive(
    {
      objects,
      treeId: source.treeId,
      commitId: commit?.id,
      substitution: commit && new ExportSubstitution({ ...commit, objects, refs, nowSeconds, signal }),
      timeSeconds: commit?.timeSeconds ?? nowSeconds,
      prefix: Buffer.from(`${name}/`).toString('latin1'),
      pathspec: new Pathspec([]),
      attributes: 'of-tree',
      treeDepthMax: repository.gitSettings['core.maxTreeDepth'],
      signal,
    },
    format,
  );
  begin();
  for await (const chunk of archive) await stream.write(chunk);
}

/** @throws {HttpRefusal} */
async function findSource(
  snapshot: RepositorySnapshot,
  repository: RepositoryRecord,
  text: string,
): Promise<{ source: ArchiveSource; name: string }> {
  const revision = await resolveRevision(snapshot, text);
  if (revision.kind !== 'found' || revision.path !== '') throw notFound('No such revision in this repository.');
  const source = await readArchiveSource(snapshot.objects, revision.commitId);
  if (!source) throw notFound('No such revision in this repository.');
  const named = revision.ref ? shortRefName(revision.ref.name) : revision.commitId;
  // No slash of a branch's name may make folders of it, here or where it is unpacked.
  return { source, name: `${repository.name}-${named.replaceAll('/', '-')}` };
}
