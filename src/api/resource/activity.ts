/** What was pushed to a repository: GitHub's list of activities, and the pushes that they are out of. */
import { z } from 'zod';
import { signedCommandLines } from '#git/protocol/push-certificate.ts';
import { isHiddenRef } from '#git/refs/hidden-refs.ts';
import { BRANCH_PREFIX } from '#git/refs/ref-name.ts';
import { limits } from '#limits.ts';
import { refsHiddenFromFetches } from '#repository/git-settings.ts';
import type { PushLogLine, PushLogPosition, RecordedPush } from '#repository/push-log.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import { ApiError } from '../error.ts';
import { pageQuery } from '../pagination.ts';
import { repositoryAccess, repositoryParams } from '../repository-access.ts';
import { defineRoute, json, list } from '../route.ts';
import { activityBody, activitySchema, activityType, pushBody, pushSchema } from '../shape/activity.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const listActivities = defineRoute({
  method: 'GET',
  path: '/repos/{owner}/{repo}/activity',
  operationId: 'repos/list-activities',
  summary: 'List repository activities',
  resource: 'Activity',
  params: z.object(repositoryParams),
  query: z.object({
    per_page: pageQuery.per_page,
    after: z.string().optional().describe('Begins behind this one; the Link header has it.'),
    ref: z.string().optional().describe('A branch, or a ref in full.'),
    actor: z.string().optional().describe('Login of the one who pushed.'),
    activity_type: z.string().optional(),
  }),
  body: null,
  status: 200,
  response: z.array(activitySchema),
  permission: repositoryAccess('repository:read'),
  scopes: ['repo', 'public_repo'],
  async handle(call) {
    const { query, target, urls, services, page } = call;
    const ref = query.ref?.startsWith('refs/') === false ? BRANCH_PREFIX + query.ref : query.ref;
    const after = query.after === undefined ? undefined : parsePosition(query.after);
    if (query.after !== undefined && after === undefined) return list([], { after: undefined });
    const lines = services.pushLog.lines(target.id, { ref, actor: query.actor }, after);
    const { shown, hasNext } = await takeShown(lines, page.perPage, (line) => {
      return isShown(line.name, target) && (query.activity_type ?? activityType(line)) === activityType(line);
    });
    const body = shown.map((line) => activityBody(line, target, urls));
    return list(body, { after: hasNext ? body.at(-1)?.id : undefined });
  },
});

/** The certificate has all that its author signed, among it push options and refs that were refused: not for every reader. */
export const getPush = defineRoute({
  method: 'GET',
  path: '/repos/{owner}/{repo}/pushes/{push_id}',
  operationId: 'repos/get-push',
  summary: 'Get a push and its certificate',
  resource: 'Push',
  params: z.object({ ...repositoryParams, push_id: z.string() }),
  query: z.object({}),
  body: null,
  status: 200,
  response: pushSchema,
  permission: repositoryAccess('repository:write'),
  scopes: ['repo', 'public_repo'],
  async handle({ params, target, services, urls }) {
    const push = UUID.test(params.push_id) ? await services.pushLog.find(target.id, params.push_id) : undefined;
    if (!push || !namesIn(push).every((name) => isShown(name, target))) throw new ApiError(404, 'Not Found');
    const body = await pushBody(push, target, urls, async (fingerprint) => {
      const owner = await services.sshKeys.findOwner(fingerprint);
      return owner?.kind === 'user' && owner.user.userId === push.actor?.accountId;
    });
    return json(body);
  },
});

function isShown(name: string, { gitSettings }: RepositoryRecord): boolean {
  return !isHiddenRef(name, refsHiddenFromFetches(gitSettings));
}

/** Those that were moved, and those that the certificate speaks of. */
function namesIn({ updates, certificate }: RecordedPush): string[] {
  const names = updates.map(({ name }) => name);
  for (const line of certificate ? signedCommandLines(certificate) : []) {
    names.push(Buffer.from(line).toString().split(' ').slice(2).join(' '));
  }
  return names;
}

async function takeShown(
  lines: AsyncIterable<PushLogLine>,
  countMax: number,
  isWanted: (line: PushLogLine) => boolean,
): Promise<{ shown: PushLogLine[]; hasNext: boolean }> {
  const shown: PushLogLine[] = [];
  let lookedAtCount = 0;
  for await (const line of lines) {
    if (lookedAtCount++ === limits.pushLogLinesMax) return { shown, hasNext: true };
    if (!isWanted(line)) continue;
    if (shown.length === countMax) return { shown, hasNext: true };
    shown.push(line);
  }
  return { shown, hasNext: false };
}

function parsePosition(text: string): PushLogPosition | undefined {
  const [pushId = '', index = ''] = text.split('.');
  return UUID.test(pushId) && /^\d{1,5}$/.test(index) ? { pushId, index: Number(index) } : undefined;
}
