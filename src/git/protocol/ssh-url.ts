/** Port 22, which an address need not name. */
const SSH_DEFAULT_PORT = 22;

/**
 * The address of a repository over SSH — git-clone(1), "GIT URLS": like one of scp where the port is the usual one, since that
 * is what people know; else a URL, for the short form has no place for a port.
 *
 * @param hostname as in a URL, so that one of IPv6 is in brackets
 * @param path of the repository, encoded, without a slash in front: `ada/engine`
 */
export function sshUrl(hostname: string, port: number, path: string): string {
  return port === SSH_DEFAULT_PORT ? `git@${hostname}:${path}.git` : `ssh://git@${hostname}:${port}/${path}.git`;
}
